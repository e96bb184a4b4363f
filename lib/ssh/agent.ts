/** Answers what an ssh client asks (draft-ietf-sshm-ssh-agent). */
export interface SshAgent {
  /**
   * Opens a connection; agents keep state with each.
   *
   * @throws {SshError} If the agent can't be reached.
   */
  connect(): Promise<SshAgentConnection>;
}

/** One connection to an agent. */
export interface SshAgentConnection {
  /**
   * Asks one question; one at a time.
   *
   * @param message A message without its length: a type, then its contents.
   * @returns The answer, in the same form.
   * @throws {SshError} If the agent went away or answers what is no answer.
   */
  ask(message: Uint8Array): Promise<Uint8Array>;
  /** Closes it; a question that waits for its answer is rejected. */
  close(): void;
}

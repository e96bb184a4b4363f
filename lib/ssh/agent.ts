/**
 * An ssh agent: answers the requests of ssh clients
 * (draft-ietf-sshm-ssh-agent).
 */
export interface SshAgent {
  /**
   * Opens a connection; agents keep a state for each one.
   *
   * @throws {SshError} If the agent can't be reached.
   */
  connect(): Promise<SshAgentConnection>;
}

/** One connection to an agent. */
export interface SshAgentConnection {
  /**
   * Sends one request, and waits for its answer. Only one may run at a time.
   *
   * @param message A message without its length: a type, then its contents.
   * @returns The answer, in the same form.
   * @throws {SshError} If the agent closes the connection, or its answer is no
   * message.
   */
  ask(message: Uint8Array): Promise<Uint8Array>;
  /** Closes the connection; a request that waits for its answer is rejected. */
  close(): void;
}

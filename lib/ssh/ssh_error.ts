/**
 * An ssh agent or key can't be used for the build, or the agent was gone while
 * a step used it.
 */
export class SshError extends Error {
  /** Always `SshError`. */
  override readonly name: string = "SshError";
  /** The ssh id, as in `--mount=type=ssh,id=…`. */
  readonly id: string;

  /** Names the id; the message never holds a key. */
  constructor(id: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.id = id;
  }
}

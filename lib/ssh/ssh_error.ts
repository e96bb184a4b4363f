/** An ssh agent or key can't be given to the build, or the agent went away while a step used it. */
export class SshError extends Error {
  /** Always `SshError`. */
  override readonly name: string = "SshError";
  /** The id that mounts call it by, as in `--mount=type=ssh,id=…`. */
  readonly id: string;

  /** Names the id; no key is ever part of the sentence. */
  constructor(id: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.id = id;
  }
}

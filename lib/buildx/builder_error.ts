/**
 * A builder of `docker buildx` can't be used: there is none of that name, its
 * file is broken or was changed meanwhile, or its daemon is not there. The
 * message says what to do. `builder` says which one.
 */
export class BuilderError extends Error {
  /** Always `BuilderError`. */
  override readonly name: string = "BuilderError";
  /** The builder's name; empty where it is not about one builder alone. */
  readonly builder: string;

  /** Names the builder that can't be used. */
  constructor(builder: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.builder = builder;
  }
}

/** What a {@linkcode RegistryError} is made from. */
export interface RegistryErrorInit {
  /** Name of the registry, as it stands in names of images. */
  readonly registry: string;
  /** HTTP status of the answer; 0 where there was none. */
  readonly status?: number;
  /** The registry's word for what was wrong, such as `MANIFEST_UNKNOWN`. */
  readonly code?: string;
  /** How long the registry asks to wait, in seconds. */
  readonly retryAfter?: number;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * A registry could not be reached, refused a request, or sent something other
 * than what was asked for. The message says which, and what to do.
 */
export class RegistryError extends Error {
  /** Always `RegistryError`. */
  override readonly name: string = "RegistryError";
  /** Name of the registry, as it stands in names of images. */
  readonly registry: string;
  /** HTTP status of the answer; 0 where there was none. */
  readonly status: number;
  /**
   * The registry's word for what was wrong, such as `MANIFEST_UNKNOWN`; empty
   * where it said none.
   */
  readonly code: string;
  /**
   * How long the registry asks to wait, in seconds; undefined where it does not
   * say.
   */
  readonly retryAfter: number | undefined;

  /** Names the registry. */
  constructor(message: string, init: RegistryErrorInit) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.registry = init.registry;
    this.status = init.status ?? 0;
    this.code = init.code ?? "";
    this.retryAfter = init.retryAfter;
  }
}

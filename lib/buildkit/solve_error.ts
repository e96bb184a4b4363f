import type { GrpcCode } from "../grpc/status.ts";

/** A file that an error of BuildKit is about, and the places in it. */
export interface SolveErrorSource {
  /** Its name, as the request has it: `Dockerfile`. */
  readonly file: string;
  /** Its text, as BuildKit has read it. */
  readonly text: string;
  /**
   * The places; a step over several lines may have one for each. Lines are
   * counted from 1, and both are included.
   */
  readonly ranges: readonly {
    readonly start: number;
    readonly end: number;
  }[];
}

/** What a {@linkcode SolveError} is made from. */
export interface SolveErrorInit {
  /** The status code; BuildKit's errors mostly have UNKNOWN. */
  readonly code: GrpcCode;
  /** BuildKit's own words. */
  readonly detail: string;
  /** Exit code of the failed step's program. */
  readonly exitCode?: number | undefined;
  /** Digest of the failed step. */
  readonly vertex?: string | undefined;
  /** Where in which files the failed step stands, the innermost first. */
  readonly sources?: readonly SolveErrorSource[] | undefined;
}

/**
 * BuildKit has answered a call with an error. What it sends for its own
 * developers, such as stack traces and the engine's command line, is not kept.
 *
 * It is not for users: a build reports a `BuildError` that is made of it.
 */
export class SolveError extends Error {
  /** Always `SolveError`. */
  override readonly name: string = "SolveError";
  /** The status code; BuildKit's errors mostly have UNKNOWN. */
  readonly code: GrpcCode;
  /** BuildKit's own words. */
  readonly detail: string;
  /** Exit code of the failed step's program, where one failed. */
  readonly exitCode: number | undefined;
  /** Digest of the failed step, where one failed. */
  readonly vertex: string | undefined;
  /**
   * Where in which files the failed step stands; empty on engines that do not
   * tell (20.10), and for errors that have no place.
   */
  readonly sources: readonly SolveErrorSource[];

  /** Its message is BuildKit's own words. */
  constructor(init: SolveErrorInit) {
    super(init.detail);
    this.code = init.code;
    this.detail = init.detail;
    this.exitCode = init.exitCode;
    this.vertex = init.vertex;
    this.sources = init.sources ?? [];
  }
}

// What the option `attest` takes.

/** How the provenance of an image is recorded (SLSA). */
export interface ProvenanceOptions {
  /**
   * How much is recorded. `"max"` has the Dockerfile and the build arguments,
   * which then are for everybody who can read the image.
   *
   * @default {"min"}
   */
  readonly mode?: "min" | "max" | undefined;
  /** URI that names the builder in the provenance. */
  readonly builderId?: string | undefined;
  /** Name of the file in an exported folder or tar; `provenance.json` unless given. */
  readonly filename?: string | undefined;
  /** Whether only images get it, and no exported folder or tar. */
  readonly inlineOnly?: boolean | undefined;
  /** Whether the build is said to be reproducible. */
  readonly reproducible?: boolean | undefined;
  /**
   * Version of SLSA's predicate; the engine chooses unless given. A BuildKit
   * that does not know the choice (seen on an engine 26) makes `v0.2` without a
   * word, and has no ability by which davit could tell: look at the
   * attestation's `predicateType`.
   */
  readonly version?: "v0.2" | "v1" | undefined;
}

/** How a bill of materials is made. */
export interface SbomOptions {
  /**
   * Image of the program that makes it; the engine's own choice, from Docker
   * Hub, unless given.
   */
  readonly generator?: string | undefined;
  /** Parameters for that program. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** What is recorded about an image, and stored beside it. */
export interface AttestOptions {
  /** How it was built: a mode, or more; `false` for none. */
  readonly provenance?: "min" | "max" | ProvenanceOptions | false | undefined;
  /** What it is made of (SPDX); `false` for none. */
  readonly sbom?: boolean | SbomOptions | undefined;
}

import type {
  CacheEvent,
  ContextEvent,
  WarningEvent,
} from "../progress/event.ts";
import type { BuildStep } from "../progress/state.ts";
import type { SecretReport } from "../secrets/store.ts";
import type { SecretVerification } from "../verify/verification.ts";
import type { BuildRecord } from "./record.ts";
import { keepResultTrace } from "./trace.ts";

/** How much of a context was sent. */
export interface BuildContextResult {
  /**
   * How many regular files the context has; undefined for a tar that davit did
   * not make.
   */
  readonly files: number | undefined;
  /**
   * How many of the files the engine had from an earlier build and did not ask
   * for.
   */
  readonly filesReused: number;
  /** How many bytes the context has: those of the files, or of the tar. */
  readonly bytesOffered: number;
  /** How many bytes were sent. */
  readonly bytesSent: number;
}

/**
 * The exported result of an output of type `local`, `tar`, `oci` or `docker`.
 */
export interface BuildExportResult {
  /** Path of the folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /**
   * How many files, folders and links there are; 0 for an archive, whose
   * entries are not counted.
   */
  readonly entries: number;
  /** How many bytes the files, or the archive, have. */
  readonly bytes: number;
  /** How many devices, FIFOs and sockets were left out. */
  readonly skipped: number;
}

/** The manifest of an image for one platform. */
export interface ImagePlatform {
  /** The platform, such as `linux/amd64` or `linux/arm/v7`. */
  readonly platform: string;
  /** Digest of its manifest, `sha256:…`. */
  readonly digest: string;
}

/** An image as registries know it. */
export interface BuildImageResult {
  /**
   * Digest of its manifest, or of its index where it has several platforms or
   * attestations; `sha256:…`. A registry has the image by this digest when it is
   * pushed.
   */
  readonly digest: string;
  /**
   * Its platforms in the order of the index; empty where the engine could not
   * tell them, which is a warning.
   */
  readonly platforms: readonly ImagePlatform[];
}

/** What became of a cache that was to be read or written. */
export type BuildCacheResult = Omit<CacheEvent, "type">;

/**
 * The result of a build that went well.
 *
 * @example The slowest step, and what became of the secrets
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const { steps, secrets, warnings } = await docker.imageBuild("./app", {
 *   tag: "app:1",
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * }).result();
 * const slowest = steps
 *   .filter(({ cached }) => !cached)
 *   .map(({ name, started = 0, completed = 0 }) => ({
 *     name,
 *     seconds: (completed - started) / 1000,
 *   }))
 *   .sort((a, b) => b.seconds - a.seconds)[0];
 * console.log(slowest, secrets.served, warnings.length);
 * ```
 */
export interface BuildResult {
  /** The image's id, `sha256:…`; empty where the output is no image. */
  readonly imageId: string;
  /**
   * BuildKit's id of the build, by which `docker buildx history` shows its
   * record; undefined where the build took the Engine API, which has no such
   * id.
   */
  readonly ref: string | undefined;
  /**
   * The image's digests, where BuildKit's API built it (see the option `api`)
   * and the engine keeps images in containerd's store; otherwise undefined: an
   * engine with graph drivers makes a manifest only for a push.
   */
  readonly image: BuildImageResult | undefined;
  /** The names that the image got. */
  readonly names: readonly string[];
  /** Warnings of the engine and of davit, in their order. */
  readonly warnings: readonly WarningEvent[];
  /**
   * What became of the secrets: ids, never values. Empty where they were sent
   * only in the header and no davit gateway reports: davit then does not know
   * which ones were asked for.
   */
  readonly secrets: SecretReport;
  /** What was searched for secrets with the option `verify`; none was found. */
  readonly verification: SecretVerification | undefined;
  /**
   * What became of the caches of `cachefrom` and `cacheto`, in the order in
   * which they were read and written; one that BuildKit had no use for, such as
   * one to read where no step is built, is not among them.
   */
  readonly caches: readonly BuildCacheResult[];
  /** Every step that began, in the order in which they began. */
  readonly steps: readonly BuildStep[];
  /**
   * How much of the context was sent; all zero where the engine fetched the
   * context itself, or took nothing of it.
   */
  readonly context: BuildContextResult;
  /**
   * The same for each folder and tar of the option `contexts` of which something
   * was sent, or was there already; by their names.
   */
  readonly contexts: Readonly<Record<string, BuildContextResult>>;
  /**
   * What was exported, in the order of the outputs; those that are images in
   * the engine's store are not among them.
   */
  readonly exports: readonly BuildExportResult[];
}

/**
 * Makes the result of a build from its last values and from what was reported
 * while it ran.
 */
export function buildResult(
  facts: Omit<
    BuildResult,
    "warnings" | "caches" | "steps" | "context" | "contexts"
  >,
  record: BuildRecord,
): BuildResult {
  const { state, caches } = record;
  const result: BuildResult = {
    ...facts,
    warnings: state.warnings,
    caches: (caches?.seen ?? []).map(({ type: _, ...cache }) => cache),
    steps: state.steps(),
    context: state.context === undefined ? NOTHING : sent(state.context),
    contexts: Object.fromEntries(
      [...state.contexts].map(([name, event]) => [name, sent(event)]),
    ),
  };
  keepResultTrace(result, record);
  return result;
}

const NOTHING: BuildContextResult = {
  files: 0,
  filesReused: 0,
  bytesOffered: 0,
  bytesSent: 0,
};

function sent(
  { files, filesReused, bytesOffered, bytesSent }: ContextEvent,
): BuildContextResult {
  return { files, filesReused, bytesOffered, bytesSent };
}

import type { Provenance } from "../buildkit/provenance.ts";
import type { BuildHost } from "./host.ts";

/** What BuildKit's own API tells of a build that went well. */
export interface Solved {
  /** BuildKit's id of the build. */
  readonly ref: string;
  /**
   * What the exporters answered, by BuildKit's names, such as
   * `containerimage.digest`.
   */
  readonly answer: ReadonlyMap<string, string>;
  /** The hosts that have built, where there are several. */
  readonly hosts?: readonly Pick<BuildHost, "buildkit">[] | undefined;
}

/** What is kept of a build besides its result. */
interface KeptSolve extends Solved {
  readonly host: BuildHost;
}

/** By the results of the builds. */
const kept = new WeakMap<object, KeptSolve>();

/** Keeps what BuildKit told of a build, beside its result. */
export function keepSolved(
  result: object,
  host: BuildHost,
  solved: Solved | undefined,
): void {
  if (solved !== undefined) kept.set(result, { ...solved, host });
}

/**
 * What BuildKit told of a build, for those who write it down; undefined for a
 * build by the Engine API.
 *
 * @param result The result that the build had.
 */
export function solvedOf(result: object): Solved | undefined {
  return kept.get(result);
}

/**
 * The provenance of a build by its platform, or by the empty text for a build
 * that names none. It is asked of the engine's history, and empty where that
 * has none.
 *
 * @param result The result that the build had.
 * @throws {ProtocolError} If the engine's answer can't be read.
 */
export async function provenanceOf(
  result: object,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Provenance>> {
  const solved = kept.get(result);
  if (solved === undefined) return new Map();
  const { buildProvenance } = await import("../buildkit/provenance.ts");
  const hosts = solved.hosts ?? [solved.host];
  const provenance = await Promise.all(
    hosts.map(async (host) =>
      await buildProvenance(await host.buildkit(), solved.ref, signal)
    ),
  );
  return new Map(provenance.flatMap((platforms) => [...platforms]));
}

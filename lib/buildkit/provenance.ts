// The provenance of a finished build, which BuildKit keeps in its history, also
// where no image has it.

import { contentText } from "./content_text.ts";
import { type Control, openControl } from "./control.ts";
import { SolveError } from "./solve_error.ts";
import type { BuildkitHost } from "./host.ts";
import { ProtocolError } from "../errors.ts";
import { GrpcCode } from "../grpc/status.ts";
import type {
  DescriptorMessage,
  HistoryRecordMessage,
} from "../proto/history.ts";

/** The predicate of a provenance, by SLSA's names. */
export type Provenance = Readonly<Record<string, unknown>>;

/** How much of a provenance is taken, in bytes. */
const MAX_PROVENANCE_BYTES = 16 * 1024 * 1024;

/** The annotation with the kind of an attestation, and how that begins. */
const KIND = "in-toto.io/predicate-type";
const PROVENANCE = "https://slsa.dev/provenance/";

/**
 * Reads the provenance of a build out of BuildKit's history.
 *
 * @param ref The build's id.
 * @returns The provenance by its platform, or by the empty text for a build
 * that names none; empty where BuildKit keeps no record of the build.
 * @throws {UnsupportedError} If the host has no API of BuildKit.
 * @throws {ProtocolError} If it is no provenance.
 */
export async function buildProvenance(
  host: BuildkitHost,
  ref: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Provenance>> {
  await using control = await openControl(host, { signal });
  const found = new Map<string, Provenance>();
  for await (
    const { ref: each, result, results } of records(control, signal)
  ) {
    if (each !== ref) continue;
    for (
      const [platform, { attestations }] of [
        ...(result === undefined ? [] : [["", result] as const]),
        ...results,
      ]
    ) {
      const descriptor = attestations.find(isProvenance);
      if (descriptor === undefined) continue;
      const { digest } = descriptor;
      const text = await contentText(control.content(digest, { signal }), {
        what: "The engine's provenance of the build",
        maxBytes: MAX_PROVENANCE_BYTES,
      });
      found.set(platform, predicateOf(text));
    }
  }
  return found;
}

function isProvenance({ annotations }: DescriptorMessage): boolean {
  return annotations.get(KIND)?.startsWith(PROVENANCE) === true;
}

/**
 * The record has the statement's predicate alone, without the envelope that an
 * image's attestation has.
 */
function predicateOf(text: string): Provenance {
  let predicate: unknown;
  try {
    predicate = JSON.parse(text);
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the text.
  }
  if (
    typeof predicate === "object" && predicate !== null &&
    !Array.isArray(predicate)
  ) return predicate as Provenance;
  throw new ProtocolError(
    "The engine's history has a provenance of the build that is no JSON object",
  );
}

/**
 * The records of the history; none on engines that keep none (20.10, and those
 * before 24).
 */
async function* records(
  control: Control,
  signal: AbortSignal,
): AsyncGenerator<HistoryRecordMessage, void> {
  try {
    yield* control.history({ signal });
  } catch (error) {
    const isNone = error instanceof SolveError &&
      error.code === GrpcCode.UNIMPLEMENTED;
    if (!isNone) throw error;
  }
}

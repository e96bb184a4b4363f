import type { Control } from "../buildkit/control.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import { fromBase64 } from "../progress/bytes.ts";
import { errorDetails } from "./failure.ts";
import { provenancesOf } from "./inspect.ts";

/** The Dockerfile of a build, as BuildKit has read it. */
export interface BuildHistoryDockerfile {
  /** Its name, such as `Dockerfile`. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/** Where BuildKit's provenance of version 0.2 keeps what it read. */
const METADATA = "https://mobyproject.org/buildkit@v1#metadata";

/**
 * The Dockerfile of a build that has ended: of one that went well from its
 * provenance, of one that failed from its error.
 *
 * @returns Undefined where the engine keeps none, as of a build that failed
 * before a step had begun, or where the client asked for no such provenance.
 */
export async function rememberedDockerfile(
  control: Control,
  record: HistoryRecordMessage,
  signal: AbortSignal,
): Promise<BuildHistoryDockerfile | undefined> {
  if (record.error !== undefined) {
    const { sources = [] } = await errorDetails(control, record, signal);
    const [source] = sources;
    return source && { name: source.file, text: source.text };
  }
  for await (const predicate of provenancesOf(control, record, signal)) {
    const file = dockerfileIn(predicate);
    if (file !== undefined) return file;
  }
  return undefined;
}

/**
 * The Dockerfile in a provenance of version 0.2 or 1. What has another shape is
 * passed over: anybody's frontend may have written it.
 */
export function dockerfileIn(
  predicate: unknown,
): BuildHistoryDockerfile | undefined {
  const metadata = under(predicate, "metadata", METADATA) ??
    under(predicate, "runDetails", "metadata", "buildkit_metadata");
  const infos = under(metadata, "source", "infos");
  if (!Array.isArray(infos)) return undefined;
  for (const info of infos) {
    const name = under(info, "filename");
    const data = under(info, "data");
    if (typeof name !== "string" || typeof data !== "string") continue;
    const bytes = fromBase64(data);
    if (bytes !== undefined) {
      return { name, text: new TextDecoder().decode(bytes) };
    }
  }
  return undefined;
}

function under(value: unknown, ...names: string[]): unknown {
  let at = value;
  for (const name of names) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

import type { Control } from "../buildkit/control.ts";
import { SolveError } from "../buildkit/solve_error.ts";
import { ProtocolError } from "../errors.ts";
import { checkedContent } from "./content.ts";
import { GrpcCode } from "../grpc/status.ts";
import type {
  BuildResultMessage,
  DescriptorMessage,
  HistoryRecordMessage,
} from "../proto/history.ts";

/** Something that a record has beside itself: what was built, or is attested. */
export interface BuildHistoryAttachment {
  /** Its digest, `sha256:…`. */
  readonly digest: string;
  /** The platform that it belongs to; undefined for a build of one alone. */
  readonly platform: string | undefined;
  /**
   * What an attestation says, such as `https://slsa.dev/provenance/v0.2`; for
   * anything else its media type.
   */
  readonly type: string;
  /** Its media type. */
  readonly mediaType: string;
  /** Its size in bytes. */
  readonly size: number;
}

/** The annotation with the kind of an attestation. */
const KIND = "in-toto.io/predicate-type";

const INDEXES: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** The most that is read of an index, in bytes. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;

/** How deep indexes may lie in each other. */
const MAX_DEPTH = 8;

/**
 * All attachments of a record, in buildx's order: by platform, then by type.
 * What the engine does not keep any more is left out.
 */
export async function attachmentsOf(
  control: Control,
  { result, results }: HistoryRecordMessage,
  signal: AbortSignal,
): Promise<BuildHistoryAttachment[]> {
  const found: BuildHistoryAttachment[] = [];
  const walked = new Set<string>();
  const ofPlatform = async (
    { attestations, results }: BuildResultMessage,
    platform: string | undefined,
  ) => {
    for (const each of attestations) found.push(attachment(each, platform));
    for (const { descriptor } of results) {
      if (descriptor === undefined) continue;
      await walk(control, descriptor, platform, {
        found,
        walked,
        signal,
        depth: 0,
      });
    }
  };
  if (result !== undefined) await ofPlatform(result, undefined);
  for (const [platform, each] of results) await ofPlatform(each, platform);
  return found.sort((a, b) =>
    compare(a.platform ?? "", b.platform ?? "") || compare(a.type, b.type)
  );
}

/** Adds an image, or an index and the images in it. */
async function walk(
  control: Control,
  descriptor: DescriptorMessage,
  platform: string | undefined,
  { found, walked, signal, depth }: {
    readonly found: BuildHistoryAttachment[];
    /** Indexes, each with its platform: those that name each other have an end. */
    readonly walked: Set<string>;
    readonly signal: AbortSignal;
    readonly depth: number;
  },
): Promise<void> {
  const { digest, mediaType, annotations } = descriptor;
  const isIndex = INDEXES.includes(mediaType) && depth < MAX_DEPTH;
  let index: unknown;
  try {
    if (isIndex) {
      const key = `${digest} ${platform}`;
      if (walked.has(key)) return;
      walked.add(key);
      index = await contentJson(control, digest, {
        what: "An index in the engine's history",
        maxBytes: MAX_INDEX_BYTES,
        signal,
      });
    } else if (!await hasContent(control, digest, signal)) return;
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if (annotations.get("vnd.docker.reference.type") !== "attestation-manifest") {
    found.push(attachment(descriptor, platform));
  }
  for (const each of manifestsIn(index)) {
    await walk(control, each.descriptor, each.platform ?? platform, {
      found,
      walked,
      signal,
      depth: depth + 1,
    });
  }
}

/** What an index names, as far as it can be read. */
function manifestsIn(
  index: unknown,
): { descriptor: DescriptorMessage; platform: string | undefined }[] {
  const { manifests } = (index ?? {}) as { manifests?: unknown };
  if (!Array.isArray(manifests)) return [];
  return manifests.flatMap((each) => {
    const { mediaType, digest, size, annotations, platform } = each ?? {};
    if (typeof digest !== "string" || typeof mediaType !== "string") return [];
    return [{
      descriptor: {
        mediaType,
        digest,
        size: Number(size),
        annotations: new Map(
          Object.entries(annotations ?? {}) as [string, string][],
        ),
      },
      platform: platformText(platform),
    }];
  });
}

function platformText(platform: unknown): string | undefined {
  if (typeof platform !== "object" || platform === null) return undefined;
  const { os, architecture, variant } = platform as Record<string, unknown>;
  return [os, architecture, variant].filter((part) =>
    typeof part === "string" && part !== ""
  ).join("/");
}

function attachment(
  descriptor: DescriptorMessage,
  platform: string | undefined,
): BuildHistoryAttachment {
  const { digest, mediaType, size } = descriptor;
  return { digest, platform, type: typeOf(descriptor), mediaType, size };
}

function typeOf({ annotations, mediaType }: DescriptorMessage): string {
  return annotations.get(KIND) ?? mediaType;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is read, and how much of it is taken. */
interface ContentOptions {
  /** What it is, for the error. */
  readonly what: string;
  /** The most that is taken, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Something out of the history's store, by its digest.
 *
 * @throws {ProtocolError} If it has more than `maxBytes`, or other bytes than
 * those of its digest.
 */
export async function contentBytes(
  control: Control,
  digest: string,
  { what, maxBytes, signal }: ContentOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of checkedContent(control, digest, { signal })) {
    size += part.length;
    if (size > maxBytes) {
      throw new ProtocolError(`${what} has more than ${maxBytes} bytes`);
    }
    parts.push(part);
  }
  return await new Blob(parts).bytes();
}

/** The same, as JSON. @throws {ProtocolError} If it is none. */
export async function contentJson(
  control: Control,
  digest: string,
  options: ContentOptions,
): Promise<unknown> {
  const bytes = await contentBytes(control, digest, options);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the text.
    throw new ProtocolError(`${options.what} is no JSON`);
  }
}

async function hasContent(
  control: Control,
  digest: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const _ of control.content(digest, { signal })) break;
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof SolveError && error.code === GrpcCode.NOT_FOUND;
}

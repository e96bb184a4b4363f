// What `docker buildx history export` writes: records of builds in the form of
// an OCI layout (buildx, `util/desktop/bundle`).

import type { Control } from "../buildkit/control.ts";
import { type ContextEntry, contextEntry } from "../context/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../context/tar_header.ts";
import { ProtocolError } from "../errors.ts";
import type {
  BuildResultMessage,
  DescriptorMessage,
  HistoryRecordMessage,
} from "../proto/history.ts";
import { contentBytes } from "./attachments.ts";
import { bundleRecord } from "./bundle_record.ts";
import { cleanTrace } from "./bundle_trace.ts";
import { checkedContent } from "./content.ts";
import { isDigest } from "../registry/digest.ts";
import { goJson, sortedObject } from "../gotext/json.ts";
import type { LocalState } from "./local_state.ts";
import { sha256 } from "../streams/sha256.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const RECORD = "application/vnd.buildkit.historyrecord.v0";
/** The annotation with the real type of a result. */
const REAL_TYPE = "vnd.export-build.descriptor.mediatype";
/** The annotation with the build's id. */
const REF = "vnd.buildkit.history.reference";

/** The most that is read of a trace, in bytes. */
const MAX_TRACE_BYTES = 64 * 1024 * 1024;

/** A record to be written. */
export interface BundledBuild {
  readonly record: HistoryRecordMessage;
  readonly state: LocalState | undefined;
}

/** A file of the layout: what was made here, or is in the engine's store. */
type Blob = { readonly bytes: Uint8Array<ArrayBuffer> } | {
  readonly size: number;
};

/** A descriptor as OCI writes one. */
interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * The bytes of a `.dockerbuild` file: a tar in gzip, with an OCI layout in it.
 *
 * @param platform The engine's own platform.
 * @throws {ProtocolError} If a part of a record is not what the record says.
 */
export async function* bundle(
  control: Control,
  builds: readonly BundledBuild[],
  { platform, signal }: {
    readonly platform: string;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const packed = ReadableStream.from(
    layout(control, builds, { platform, signal }),
  ).pipeThrough(new CompressionStream("gzip"));
  yield* packed;
}

async function* layout(
  control: Control,
  builds: readonly BundledBuild[],
  { platform, signal }: {
    readonly platform: string;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const blobs = new Map<string, Blob>();
  const add = async (mediaType: string, text: string) => {
    const bytes = encoder.encode(text);
    const digest = await digestOf(bytes);
    blobs.set(digest, { bytes });
    return { mediaType, digest, size: bytes.length };
  };
  const manifests: OciDescriptor[] = [];
  for (const { record, state } of builds) {
    const trace = record.trace && await traceOf(control, record.trace, {
      add,
      signal,
    });
    const config = await add(
      RECORD,
      bundleRecord(record, { platform, state, trace }),
    );
    const layers = [
      ...trace === undefined ? [] : [ociDescriptor(trace)],
      ...storedParts(record),
    ];
    for (const { digest, size } of layers) {
      // It becomes the name of a file.
      if (!isDigest(digest)) {
        throw new ProtocolError(
          `A part of a build in the engine's history has ${
            JSON.stringify(digest)
          } for its digest, which is none`,
        );
      }
      if (!blobs.has(digest)) blobs.set(digest, { size });
    }
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers };
    const { ref } = record;
    manifests.push({
      ...await add(MANIFEST, goJson(manifest, 2)),
      ...builds.length === 1 ? {} : { annotations: { [REF]: ref } },
    });
  }
  // A record alone is the layout's only manifest; several stand in an index.
  const top = manifests.length === 1 ? manifests[0]! : await add(
    INDEX,
    goJson({ schemaVersion: 2, mediaType: INDEX, manifests }, 2),
  );
  yield tarHeader(folder("blobs"), 0);
  yield tarHeader(folder("blobs/sha256"), 0);
  const sorted = [...blobs].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [digest, blob] of sorted) {
    const size = "size" in blob ? blob.size : blob.bytes.length;
    yield tarHeader(file(`blobs/${digest.replace(":", "/")}`, 0o444, size), 0);
    if ("bytes" in blob) yield blob.bytes;
    else yield* checkedContent(control, digest, { size, signal });
    yield tarPadding(size);
  }
  yield* whole(
    "index.json",
    0o644,
    goJson({ schemaVersion: 2, mediaType: INDEX, manifests: [top] }),
  );
  yield* whole("oci-layout", 0o444, goJson({ imageLayoutVersion: "1.0.0" }));
  yield tarEnd();
}

/** Puts a trace in, without tokens. */
async function traceOf(
  control: Control,
  { digest, mediaType }: DescriptorMessage,
  { add, signal }: {
    readonly add: (mediaType: string, text: string) => Promise<OciDescriptor>;
    readonly signal: AbortSignal;
  },
): Promise<DescriptorMessage> {
  const what = "The trace of a build in the engine's history";
  const bytes = await contentBytes(control, digest, {
    what,
    maxBytes: MAX_TRACE_BYTES,
    signal,
  });
  let text: string;
  try {
    text = cleanTrace(new TextDecoder().decode(bytes));
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the text.
    throw new ProtocolError(`${what} is no JSON`);
  }
  return { ...await add(mediaType, text), annotations: new Map() };
}

/** What the engine's store has of a record, each once, in buildx's order. */
function storedParts(record: HistoryRecordMessage): OciDescriptor[] {
  const { logs, externalError, result, results } = record;
  const parts = [
    ...logs === undefined ? [] : [ociDescriptor(logs)],
    ...result === undefined ? [] : resultParts(result),
    ...externalError === undefined ? [] : [ociDescriptor(externalError)],
    ...[...results.values()].flatMap(resultParts),
  ];
  const seen = new Set<string>();
  return parts.filter(({ digest }) => {
    const isNew = !seen.has(digest);
    seen.add(digest);
    return isNew;
  });
}

function resultParts(
  { attestations, results }: BuildResultMessage,
): OciDescriptor[] {
  return [
    ...attestations.map(ociDescriptor),
    ...results.flatMap(({ descriptor }) =>
      descriptor === undefined ? [] : [asJson(descriptor)]
    ),
  ];
}

/**
 * An image without its layers: readers of the layout must not look for these,
 * so that its type is that of any JSON.
 */
function asJson(descriptor: DescriptorMessage): OciDescriptor {
  const { mediaType, annotations } = descriptor;
  return ociDescriptor({
    ...descriptor,
    mediaType: "application/json",
    annotations: new Map(annotations).set(REAL_TYPE, mediaType),
  });
}

function ociDescriptor(
  { mediaType, digest, size, annotations }: DescriptorMessage,
): OciDescriptor {
  return { mediaType, digest, size, annotations: sortedObject(annotations) };
}

function* whole(
  path: string,
  mode: number,
  text: string,
): Generator<Uint8Array<ArrayBuffer>, void> {
  const bytes = encoder.encode(text);
  yield tarHeader(file(path, mode, bytes.length), 0);
  yield bytes;
  yield tarPadding(bytes.length);
}

function folder(path: string): ContextEntry {
  return contextEntry({ path, type: "directory", mode: 0o755 });
}

function file(path: string, mode: number, size: number): ContextEntry {
  return contextEntry({ path, type: "file", mode, size });
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256:${await sha256(bytes)}`;
}

const encoder = new TextEncoder();

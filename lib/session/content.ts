import { type GrpcMethod, unary } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import {
  type ContentExpectation,
  ContentMismatchError,
  type ContentStore,
  type ContentWriter,
} from "../layout/content_store.ts";
import { LayoutError } from "../layout/layout_error.ts";
import { bytesMessagePrefix } from "../proto/bytes_message.ts";
import {
  COMMIT,
  contentAbort,
  contentInfo,
  contentStatus,
  readContentRequest,
  readContentResponse,
  WRITE,
  writeContent,
  type WriteContentRequest,
} from "../proto/content.ts";
import type { TimestampMessage } from "../proto/timestamp.ts";
import { Slots } from "../streams/slots.ts";

const SERVICE = "/containerd.services.content.v1.Content";

/** The metadata in which an engine names the store that it means. */
const STORE_ID = "buildkit-attachable-store-id";

/** How many bytes are read and sent at once. An engine takes 16 MiB. */
const PIECE_BYTES: number = 256 * 1024;

/**
 * The longest message of an engine, in bytes: it sends 1 MiB of a content at
 * once, and docker's own client accepts this much.
 */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/** The longest message of an engine that reads, in bytes: a digest. */
const MAX_QUESTION_BYTES: number = 64 * 1024;

/**
 * How many contents are read at the same time, and how many are written. Reads
 * never wait for writes: an engine may write what it reads.
 */
const MAX_PARALLEL = 32;

/** Options of {@linkcode contentService}. */
export interface ContentServiceOptions {
  /** Called with the error when a store could not be read or written. */
  readonly onError: (error: LayoutError) => void;
}

/** A content that an engine writes, under the name that it has meanwhile. */
interface Ingest {
  readonly writer: ContentWriter;
  readonly startedAt: Date;
  updatedAt: Date;
  total: number;
  expected: string;
  /** Set by `Abort`. */
  isAborted: boolean;
}

/**
 * `containerd.services.content.v1.Content`: the engine reads and writes contents
 * of the stores that the build has registered, by their ids. What is not there
 * is NOT_FOUND, so is another store; a store that is for reading alone is not
 * written. `Update`, `List` and `Delete` are not offered: no engine needs them.
 *
 * The rules are those of containerd's own server (`contentserver`): each message
 * of `Write` has one answer, and its first one names the content. What is not
 * committed when the call ends is dropped.
 *
 * @param stores The stores by their ids, such as `local:DIR`.
 */
export function contentService(
  stores: ReadonlyMap<string, ContentStore>,
  options: ContentServiceOptions,
): GrpcMethod[] {
  const reads = new Slots(MAX_PARALLEL);
  const writes = new Slots(MAX_PARALLEL);
  /** What is being written, by store and by name. */
  const ingests = new Map<ContentStore, Map<string, Ingest>>();
  const storeOf = (call: GrpcCall): ContentStore => {
    const [id = ""] = call.metadata(STORE_ID);
    const store = stores.get(id);
    if (store !== undefined) return store;
    throw new GrpcError(
      GrpcCode.NOT_FOUND,
      `no content store is offered as ${JSON.stringify(id)}`,
    );
  };
  const ingestsOf = (store: ContentStore): Map<string, Ingest> => {
    const known = ingests.get(store) ?? new Map<string, Ingest>();
    ingests.set(store, known);
    return known;
  };
  /** Reports a fault of a store to the build, and words it for the engine. */
  const attempt = async <T>(action: () => T | Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ContentMismatchError) {
        throw new GrpcError(GrpcCode.FAILED_PRECONDITION, error.message);
      }
      if (!(error instanceof LayoutError)) throw error;
      options.onError(error);
      throw new GrpcError(GrpcCode.UNKNOWN, `davit: ${error.message}`);
    }
  };
  return [
    unary(`${SERVICE}/Info`, () => contentInfo, async ({ digest }, call) => {
      const store = storeOf(call);
      const found = await attempt(() => store.info(digest));
      if (found === undefined) throw notThere(digest);
      const at = timestampOf(found.modified);
      const { size } = found;
      return { info: { digest, size, createdAt: at, updatedAt: at } };
    }),
    {
      path: `${SERVICE}/Read`,
      maxRequestBytes: MAX_QUESTION_BYTES,
      async handle(call) {
        const store = storeOf(call);
        const message = await call.read();
        using _slot = await reads.take(call.signal);
        await attempt(() => read(call, store, message ?? new Uint8Array()));
      },
    },
    {
      path: `${SERVICE}/Write`,
      maxRequestBytes: MAX_MESSAGE_BYTES,
      async handle(call) {
        const store = storeOf(call);
        if (!store.canWrite) {
          throw new GrpcError(
            GrpcCode.PERMISSION_DENIED,
            "the content store is offered for reading alone",
          );
        }
        using _slot = await writes.take(call.signal);
        await attempt(() => write(call, store, ingestsOf(store)));
      },
    },
    unary(`${SERVICE}/Status`, () => contentStatus, ({ ref }, call) => {
      const ingest = ingestsOf(storeOf(call)).get(ref);
      if (ingest === undefined) throw notThere(ref);
      const { writer: { offset }, total, expected } = ingest;
      return { status: { ...timesOf(ingest), ref, offset, total, expected } };
    }),
    unary(`${SERVICE}/Abort`, () => contentAbort, async ({ ref }, call) => {
      const known = ingestsOf(storeOf(call));
      const ingest = known.get(ref);
      if (ingest === undefined) throw notThere(ref);
      known.delete(ref);
      ingest.isAborted = true;
      await ingest.writer[Symbol.asyncDispose]();
      return {};
    }),
  ];
}

/** Answers a `Read`: as many bytes as the engine takes. */
async function read(
  call: GrpcCall,
  store: ContentStore,
  message: Uint8Array,
): Promise<void> {
  const { digest, offset, size } = readContentRequest.decode(message);
  using content = store.open(digest);
  if (content === undefined) throw notThere(digest);
  if (offset < 0 || offset > content.size) {
    throw new GrpcError(
      GrpcCode.OUT_OF_RANGE,
      `${digest} has ${content.size} bytes, and is read at ${offset}`,
    );
  }
  const end = size <= 0 ? content.size : Math.min(offset + size, content.size);
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let at = offset; at < end;) {
    call.signal.throwIfAborted();
    const count = await content.read(
      buffer.subarray(0, Math.min(buffer.length, end - at)),
      at,
    );
    if (count === 0) {
      throw new GrpcError(
        GrpcCode.DATA_LOSS,
        `${digest} became shorter while it was read`,
      );
    }
    const piece = buffer.subarray(0, count);
    await call.write(
      readContentResponse.encode({ offset: at }),
      bytesMessagePrefix(count, 2),
      piece,
    );
    at += count;
  }
}

/** Answers a `Write`: each message, until the content is committed. */
async function write(
  call: GrpcCall,
  store: ContentStore,
  ingests: Map<string, Ingest>,
): Promise<void> {
  const first = await call.read();
  if (first === null) return;
  const request = writeContent.decode(first);
  const { ref } = request;
  const ingest = begin(store, ingests, request);
  try {
    for (
      let message: Uint8Array | null = first;
      message !== null;
      message = await call.read()
    ) {
      const next = writeContent.decode(message);
      expect(ingest, next);
      const digest = await step(ingest, next);
      await call.write(writeContent.encode({
        action: next.action,
        ...timesOf(ingest),
        offset: ingest.writer.offset,
        total: ingest.total,
        digest,
      }));
      if (digest !== "") return;
    }
  } finally {
    if (ingests.get(ref) === ingest) ingests.delete(ref);
    await ingest.writer[Symbol.asyncDispose]();
  }
}

/** Begins to write the content that the first message names. */
function begin(
  store: ContentStore,
  ingests: Map<string, Ingest>,
  { ref, total, expected }: WriteContentRequest,
): Ingest {
  if (ref === "") {
    throw new GrpcError(
      GrpcCode.INVALID_ARGUMENT,
      "the first message names no ref",
    );
  }
  if (ingests.has(ref)) {
    // An engine tries again after a while.
    throw new GrpcError(
      GrpcCode.UNAVAILABLE,
      `${JSON.stringify(ref)} is being written by another call`,
    );
  }
  let writer: ContentWriter | undefined;
  try {
    writer = store.begin(expectation(total, expected));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new GrpcError(GrpcCode.INVALID_ARGUMENT, error.message);
  }
  if (writer === undefined) {
    throw new GrpcError(GrpcCode.ALREADY_EXISTS, `${expected} already exists`);
  }
  const now = new Date();
  const ingest = {
    writer,
    startedAt: now,
    updatedAt: now,
    total,
    expected,
    isAborted: false,
  };
  ingests.set(ref, ingest);
  return ingest;
}

/** Takes what a message says of the whole content; it may not change. */
function expect(
  ingest: Ingest,
  { total, expected }: WriteContentRequest,
): void {
  if (ingest.isAborted) {
    throw new GrpcError(GrpcCode.ABORTED, "the content was given up");
  }
  if (ingest.total > 0 && total > 0 && total !== ingest.total) {
    throw new GrpcError(
      GrpcCode.INVALID_ARGUMENT,
      `the content was announced with ${ingest.total} bytes, and then with ${total}`,
    );
  }
  if (
    ingest.expected !== "" && expected !== "" && expected !== ingest.expected
  ) {
    throw new GrpcError(
      GrpcCode.INVALID_ARGUMENT,
      `the content was announced as ${ingest.expected}, and then as ${expected}`,
    );
  }
  if (total > 0) ingest.total = total;
  if (expected !== "") ingest.expected = expected;
}

/**
 * Does what one message asks for.
 *
 * @returns The digest of a content that is committed, otherwise nothing.
 */
async function step(
  ingest: Ingest,
  { action, offset, data }: WriteContentRequest,
): Promise<string> {
  const { writer, total, expected } = ingest;
  if (action !== WRITE && action !== COMMIT) return "";
  if (offset === 0 && writer.offset > 0 && data.length > 0) {
    await writer.restart();
  } else if (offset !== 0 && offset !== writer.offset) {
    throw new GrpcError(
      GrpcCode.OUT_OF_RANGE,
      `the next bytes belong at ${writer.offset}, and were sent for ${offset}`,
    );
  }
  if (total > 0 && writer.offset + data.length > total) {
    throw new GrpcError(
      GrpcCode.OUT_OF_RANGE,
      `the content was announced with ${total} bytes, and more came`,
    );
  }
  await writer.write(data);
  ingest.updatedAt = new Date();
  return action === COMMIT
    ? await writer.commit(expectation(total, expected))
    : "";
}

function expectation(total: number, expected: string): ContentExpectation {
  return {
    size: total > 0 ? total : undefined,
    digest: expected === "" ? undefined : expected,
  };
}

function notThere(what: string): GrpcError {
  return new GrpcError(GrpcCode.NOT_FOUND, `${what}: not found`);
}

function timesOf(
  { startedAt, updatedAt }: Ingest,
): { startedAt: TimestampMessage; updatedAt: TimestampMessage } {
  return {
    startedAt: timestampOf(startedAt),
    updatedAt: timestampOf(updatedAt),
  };
}

function timestampOf(date: Date): TimestampMessage {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

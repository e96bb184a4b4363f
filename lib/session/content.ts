import { type GrpcMethod, unary } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import {
  ContentMismatchError,
  type ContentStore,
} from "../layout/content_store.ts";
import { LayoutError } from "../layout/layout_error.ts";
import { bytesMessagePrefix } from "../proto/bytes_message.ts";
import {
  contentAbort,
  contentInfo,
  contentStatus,
  readContentRequest,
  readContentResponse,
} from "../proto/content.ts";
import { Slots } from "../streams/slots.ts";
import {
  type Ingest,
  notThere,
  timesOf,
  timestampOf,
  writeTo,
} from "./content_write.ts";

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
        await attempt(() => writeTo(call, store, ingestsOf(store)));
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

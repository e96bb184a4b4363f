// The method `Write` of a content store: what an engine writes, message by
// message. The rules are those of containerd's own server (`contentserver`).

import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type {
  ContentExpectation,
  ContentStore,
  ContentWriter,
} from "../layout/content_store.ts";
import {
  COMMIT,
  WRITE,
  writeContent,
  type WriteContentRequest,
} from "../proto/content.ts";
import type { TimestampMessage } from "../proto/timestamp.ts";

/** A content that an engine writes, under the name that it has meanwhile. */
export interface Ingest {
  readonly writer: ContentWriter;
  readonly startedAt: Date;
  updatedAt: Date;
  total: number;
  expected: string;
  /** Set by `Abort`. */
  isAborted: boolean;
}

/** Answers a `Write`: each message, until the content is committed. */
export async function writeTo(
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

/** The error for what is not there. */
export function notThere(what: string): GrpcError {
  return new GrpcError(GrpcCode.NOT_FOUND, `${what}: not found`);
}

/** When a content was begun, and last written to. */
export function timesOf(
  { startedAt, updatedAt }: Ingest,
): { startedAt: TimestampMessage; updatedAt: TimestampMessage } {
  return {
    startedAt: timestampOf(startedAt),
    updatedAt: timestampOf(updatedAt),
  };
}

/** A time, as messages have it. */
export function timestampOf(date: Date): TimestampMessage {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

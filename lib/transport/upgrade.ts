import { ConnectionError, EngineError } from "../errors.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { concatBytes } from "../streams/bytes.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import {
  findHeadEnd,
  formatRequestHead,
  parseResponseHead,
  type ResponseHead,
} from "./http_head.ts";
import type { UpgradeInit } from "./transport.ts";

/**
 * The longest response head, and the longest error body, that is read: 64 KiB.
 */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Takes over a new connection from HTTP: writes `POST path`, waits for `101`,
 * and returns the connection. Bytes that came after the head are returned first
 * by its `readable`.
 *
 * Nothing more is written before the 101 was read: the engine loses what it had
 * read ahead when it hands the connection over.
 *
 * @throws {EngineError} If the answer is not 101; the connection is then
 * closed.
 * @throws {ConnectionError} If the peer does not speak HTTP or hangs up.
 */
export async function upgradeConnection(
  duplex: ByteDuplex,
  path: string,
  init: UpgradeInit,
): Promise<ByteDuplex> {
  const reader = duplex.readable.getReader();
  const bytes = ByteStream.of(reader);
  const writer = duplex.writable.getWriter();
  const drop = (reason?: unknown) => {
    reader.cancel(reason).catch(() => {}); // it may be closed already
    writer.abort(reason).catch(() => {});
  };
  init.signal?.addEventListener("abort", drop);
  try {
    init.signal?.throwIfAborted();
    const body = new TextEncoder().encode(init.body);
    const head = formatRequestHead("POST", path, [
      ["Host", "localhost"],
      ["Content-Length", String(body.length)],
      ["Connection", "Upgrade"],
      ["Upgrade", init.protocol],
      ...(init.body === undefined
        ? []
        : [["Content-Type", "application/json"] as const]),
      ...init.headers,
    ]);
    await writer.write(concatBytes(head, body));
    const answer = await readHead(bytes);
    if (answer.status !== 101) {
      throw new EngineError({
        status: answer.status,
        method: "POST",
        path: path.split("?", 1)[0]!,
        detail: await readRefusal(bytes, answer),
      });
    }
    writer.releaseLock();
    return {
      readable: bytes.stream((reason) => reader.cancel(reason)),
      writable: duplex.writable,
    };
  } catch (error) {
    drop(error);
    init.signal?.throwIfAborted();
    throw error;
  } finally {
    init.signal?.removeEventListener("abort", drop);
  }
}

/**
 * Reads up to the end of the head. Bytes that were read after it are returned
 * as well.
 */
async function readHead(stream: ByteStream): Promise<ResponseHead> {
  let bytes: Uint8Array = new Uint8Array(0);
  while (true) {
    const value = await stream.read();
    if (value === null) {
      throw new ConnectionError(
        "The engine hung up on the upgrade request without an answer",
      );
    }
    const from = Math.max(0, bytes.length - 3);
    bytes = bytes.length === 0 ? value : concatBytes(bytes, value);
    const end = findHeadEnd(bytes, from);
    if (end !== -1) {
      try {
        stream.unread(bytes.subarray(end));
        return parseResponseHead(bytes.subarray(0, end));
      } catch (cause) {
        throw new ConnectionError(
          "What listens there does not speak HTTP: is it a Docker engine?",
          { cause },
        );
      }
    }
    if (bytes.length > MAX_ANSWER_BYTES) {
      throw new ConnectionError(
        `The answer to the upgrade request has no end of head within ${MAX_ANSWER_BYTES} bytes: is it a Docker engine?`,
      );
    }
  }
}

/**
 * The message of an error answer: from its `{"message"}`, or its text, or the
 * reason phrase.
 */
async function readRefusal(
  stream: ByteStream,
  head: ResponseHead,
): Promise<string> {
  const length = head.headers.find(([name]) => name === "content-length")?.[1];
  const wanted = Math.min(Number(length) || 0, MAX_ANSWER_BYTES);
  const text = new TextDecoder().decode(await stream.take(wanted)).trim();
  return messageOf(text) ?? (text || head.reason || "no reason given");
}

/** The `message` of an engine's JSON error body, if `text` is one. */
export function messageOf(text: string): string | undefined {
  try {
    const message = JSON.parse(text)?.message;
    return typeof message === "string" ? message.trim() : undefined;
  } catch {
    return undefined; // old engines and proxies answer plain text
  }
}

import { assertEquals, assertRejects } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import {
  AgentMessageError,
  AgentMessageReader,
  frame,
  MAX_MESSAGE_BYTES,
} from "../../lib/ssh/message.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";

/** A reader of these pieces, and how many of them it took. */
function readerOf(...pieces: Uint8Array[]) {
  let taken = 0;
  return {
    reader: new AgentMessageReader(
      new ByteStream(() => Promise.resolve(pieces[taken++] ?? null)),
    ),
    taken: () => taken,
  };
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

Deno.test("AgentMessageReader finds messages in pieces of any size", async () => {
  const messages = [1, 4095, 4096, 4097, 20_000].map((n) => randomBytes(n));
  const bytes = await new Blob(messages.map(frame) as BlobPart[]).bytes();
  for (const size of [1, 3, 4, 5, 4096, bytes.length]) {
    const { reader } = readerOf(new Uint8Array(0), ...cut(bytes, size));
    for (const message of messages) {
      assertEquals(await reader.next(), message);
    }
    assertEquals(await reader.next(), null);
  }
});

Deno.test("AgentMessageReader takes messages of up to 256 KiB, and gives each its own memory", async () => {
  const longest = randomBytes(MAX_MESSAGE_BYTES);
  const framed = frame(longest);
  const { reader } = readerOf(framed);
  const message = await reader.next();
  framed.fill(0);
  assertEquals(message, longest);
});

Deno.test("AgentMessageReader refuses lengths of 0, above 256 KiB and of 4 GiB before it reads on", async () => {
  for (const length of [0, MAX_MESSAGE_BYTES + 1, 0xffff_ffff]) {
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, length);
    const { reader, taken } = readerOf(prefix, new Uint8Array(10));
    await assertRejects(
      () => reader.next(),
      AgentMessageError,
      `${length} bytes`,
    );
    assertEquals(taken(), 1);
  }
});

Deno.test("AgentMessageReader tells a cut from an end", async () => {
  const framed = frame(Uint8Array.of(1, 2, 3));
  for (let length = 1; length < framed.length; length++) {
    const { reader } = readerOf(framed.subarray(0, length));
    await assertRejects(() => reader.next(), AgentMessageError, "cut off");
  }
  assertEquals(await readerOf().reader.next(), null);
});

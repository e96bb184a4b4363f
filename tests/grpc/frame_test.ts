import { assertEquals, assertRejects } from "../support/assert.ts";
import {
  framePrefix,
  MessageReader,
  MessageWriter,
} from "../../lib/grpc/frame.ts";
import { GrpcCode, GrpcError, statusTrailers } from "../../lib/grpc/status.ts";

const MESSAGES = [
  [],
  [1],
  [2, 3, 4],
  Array.from({ length: 300 }, (_, i) => i % 256),
]
  .map((bytes) => Uint8Array.from(bytes));
const WIRE = Uint8Array.from(
  MESSAGES.flatMap((message) => [...framePrefix(message.length), ...message]),
);

/** A reader of `bytes` in pieces of `size`. */
function pieces(
  bytes: Uint8Array,
  size: number,
  maxBytes = 1000,
): MessageReader {
  let at = 0;
  return new MessageReader(() => {
    if (at >= bytes.length) return Promise.resolve(null);
    at += size;
    return Promise.resolve(bytes.slice(at - size, at));
  }, maxBytes);
}

Deno.test("MessageReader reads the same messages from every split", async () => {
  for (let size = 1; size <= WIRE.length; size++) {
    const reader = pieces(WIRE, size);
    const read: Uint8Array[] = [];
    for (
      let message = await reader.next();
      message !== null;
      message = await reader.next()
    ) {
      read.push(message.slice());
    }
    assertEquals(read, MESSAGES);
  }
});

Deno.test("MessageReader refuses what is compressed, too long or cut off", async () => {
  await assertRejects(
    () => pieces(Uint8Array.of(1, 0, 0, 0, 0), 9).next(),
    GrpcError,
    "compressed",
  );
  await assertRejects(
    () => pieces(WIRE.slice(19), 7, 100).next(),
    GrpcError,
    "at most 100",
  );
  for (const length of [1, 4, 6, 7]) {
    await assertRejects(
      () => pieces(WIRE.slice(11, 11 + length), 3).next(),
      GrpcError,
      "cut off",
    );
  }
});

Deno.test("MessageReader takes a message as long as it may be, and copies none that came whole", async () => {
  for (const rest of [0, 1]) {
    const chunk = new Uint8Array(5 + 300 + rest);
    chunk.set(framePrefix(300));
    const reader = new MessageReader(() => Promise.resolve(chunk), 300);
    const message = await reader.next();
    assertEquals(message?.length, 300);
    assertEquals(message?.buffer === chunk.buffer, true);
  }
});

Deno.test("MessageWriter puts the prefix first, and lets one alone that waits to be copied", () => {
  const sent: Uint8Array[][] = [];
  let room: Promise<void> | undefined = undefined;
  const writer = new MessageWriter((...parts) => {
    // Copied at once unless there is no room.
    sent.push(room === undefined ? parts.map((part) => part.slice()) : parts);
    return room;
  });
  const long = new Uint8Array(0x01020304);
  assertEquals(
    writer.write([long.subarray(0, 3), Uint8Array.of(9)]),
    undefined,
  );
  room = Promise.resolve();
  assertEquals(writer.write([long]), room);
  assertEquals(writer.write([]), room);
  assertEquals(sent.map(([prefix]) => [...prefix!]), [
    [0, 0, 0, 0, 4],
    [0, 1, 2, 3, 4],
    [0, 0, 0, 0, 0],
  ]);
  assertEquals(sent.map((parts) => parts.length), [3, 2, 1]);
});

Deno.test("statusTrailers() escapes what a header can not hold, and tells nothing of foreign errors", () => {
  assertEquals(statusTrailers(), [["grpc-status", "0"]]);
  assertEquals(statusTrailers(new GrpcError(GrpcCode.NOT_FOUND, "ü 100%\n")), [
    ["grpc-status", "5"],
    ["grpc-message", "%C3%BC 100%25%0A"],
  ]);
  assertEquals(
    statusTrailers(new GrpcError(GrpcCode.NOT_FOUND, "\x1f ~\x7f"))[1],
    ["grpc-message", "%1F ~%7F"],
  );
  assertEquals(statusTrailers(new Error("the password is hunter2")), [
    ["grpc-status", "13"],
    ["grpc-message", "internal error"],
  ]);
});

Deno.test("a GrpcError has the protocol's number, and lists that may be empty", () => {
  const names = [
    ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED"],
    ...["NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"],
    ...["RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"],
    ...["UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
    "UNAUTHENTICATED",
  ];
  names.forEach((name, number) => assertEquals(GrpcCode[number], name));
  const { details, metadata, notProcessed } = new GrpcError(2, "no");
  assertEquals([details, metadata, notProcessed], [[], [], false]);
});

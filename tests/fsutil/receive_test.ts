import { ProtocolError } from "../../lib/errors.ts";
import { PacketType, type Stat } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { receiveFolder } from "../../lib/fsutil/receive.ts";
import type { MessageDuplex } from "../../lib/streams/duplex.ts";
import { statPacket } from "./stat_packet.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { withFreshTurns } from "../support/turns.ts";

const DIR = 0x80000000;
const SYMLINK = 0x08000000;
const FIFO = 0x02000000;

const encoder = new TextEncoder();

function stat(over: Partial<Stat>): Stat {
  return {
    path: "f",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeMs: 1000,
    mtimeNs: 0,
    linkname: "",
    devmajor: 0,
    devminor: 0,
    ...over,
  };
}

type Sent =
  | Partial<Stat>
  | "end"
  | "fin"
  | "close"
  | { readonly id: number; readonly data: string | Uint8Array }
  | { readonly error: string | Uint8Array }
  | { readonly raw: Uint8Array };

function encoded(sent: Exclude<Sent, "close">): Uint8Array {
  const writer = new PacketWriter();
  if (sent === "end") return statPacket(undefined, writer);
  if (sent === "fin") return writer.finish().slice();
  if ("raw" in sent) return sent.raw;
  if ("error" in sent) return writer.error(String(sent.error)).slice();
  if (!("id" in sent)) return statPacket(stat(sent), writer);
  const { id, data } = sent;
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const head = writer.data(id, bytes.length);
  return concat([head, bytes]);
}

/** What a tree was told, line by line, and what was asked of the other side. */
interface Received {
  readonly lines: string[];
  readonly asked: number[];
  readonly finished: boolean;
}

/**
 * Receives what is given, one packet after the other. `asked` may answer what
 * was asked for.
 */
async function received(
  packets: Sent[],
  options: {
    readonly answer?: (id: number) => Sent[];
    readonly writeFails?: boolean;
    readonly fail?: Error;
    readonly signal?: AbortSignal;
    readonly room?: () => Promise<void>;
  } = {},
): Promise<Received> {
  const lines: string[] = [];
  const asked: number[] = [];
  let finished = false;
  const queue = [...packets];
  const stream: MessageDuplex = {
    signal: options.signal ?? new AbortController().signal,
    async read() {
      await Promise.resolve();
      const next = queue.shift();
      if (next === undefined && options.fail !== undefined) throw options.fail;
      if (next === undefined || next === "close") return null;
      return encoded(next);
    },
    write(...parts) {
      if (options.writeFails) throw new Error("the connection is gone");
      const { type, id } = readPacket(parts[0]!);
      if (type === PacketType.FIN) finished = true;
      else {
        assertEquals(type, PacketType.REQ);
        asked.push(id);
        queue.push(...options.answer?.(id) ?? []);
      }
      return options.room?.();
    },
  };
  const show = (mode: number, mtime: Date) =>
    `${mode.toString(8)} ${mtime.getTime()}`;
  const text = (bytes: Uint8Array) =>
    bytes.length > 100
      ? `${bytes.length} bytes`
      : new TextDecoder().decode(bytes);
  try {
    await receiveFolder(stream, {
      claim: (size, names) => void lines.push(`claim ${size} ${names}`),
      folder: (path, mode, mtime) =>
        void lines.push(`folder ${path} ${show(mode, mtime)}`),
      symlink: (path, target, mtime) =>
        void lines.push(`symlink ${path} ${target} ${mtime.getTime()}`),
      file: (path, mode, mtime, bytes) =>
        void lines.push(`file ${path} ${show(mode, mtime)} ${text(bytes)}`),
      open(path) {
        lines.push(`open ${path}`);
        return {
          write(bytes) {
            lines.push(`write ${text(bytes)}`);
            return path === "broken"
              ? Promise.reject(new Error("disk is full"))
              : path === "slow"
              ? new Promise((done) =>
                setTimeout(() => {
                  lines.push("written");
                  done();
                }, 1)
              )
              : undefined;
          },
        };
      },
      end(_file, path, mode, mtime) {
        lines.push(`end ${path} ${show(mode, mtime)}`);
        return Promise.resolve();
      },
      link: (path, target) => void lines.push(`link ${path} ${target}`),
      skip: (path) => void lines.push(`skip ${path}`),
      unwritable: (path, cause) => new Error(`unwritable ${path}`, { cause }),
      givenUp: (reason) => new Error(`given up: ${reason}`),
    });
  } catch (error) {
    Object.assign(error as Error, { received: { lines, asked, finished } });
    throw error;
  }
  return { lines, asked, finished };
}

Deno.test("receiveFolder() makes each kind of entry, and links behind all files", async () => {
  const { lines, asked, finished } = await received([
    { path: "d", mode: DIR + 0o750, mtimeMs: 2000 },
    { path: "d/f", mode: 0o755 + 0x00800000, size: 3, mtimeMs: 3000 },
    { path: "d/l", linkname: "d/f", size: 3 },
    { path: "d/s", mode: SYMLINK + 0o777, linkname: "é", size: 2 },
    { path: "fifo", mode: FIFO + 0o644 },
    { path: "none", size: 0 },
    { id: 1, data: "ab" },
    "end",
    { id: 1, data: "c" },
    { id: 5, data: "" },
    { id: 1, data: "" },
    "fin",
  ]);
  assertEquals(lines, [
    "claim 0 1",
    "folder d 750 2000",
    "claim 3 3",
    "claim 0 6",
    "claim 0 5",
    "symlink d/s é 1000",
    "claim 0 4",
    "skip fifo",
    "claim 0 4",
    "file none 644 1000 ",
    "file d/f 4755 3000 abc",
    "link d/l d/f",
  ]);
  assertEquals(asked, [1, 5]);
  assert(finished);
});

Deno.test("receiveFolder() gathers files of up to 256 KiB, and writes larger ones as they come", async () => {
  const most = 256 * 1024;
  const piece = new Uint8Array(most);
  assertEquals(
    (await received([
      { path: "f", size: most },
      "end",
      { id: 0, data: piece.subarray(1) },
      { id: 0, data: "x" },
      { id: 0, data: "" },
      "close",
    ])).lines.slice(1),
    [`file f 644 1000 ${most} bytes`],
  );
  assertEquals(
    (await received([
      { path: "slow", size: most + 1, mode: 0o600 },
      "end",
      { id: 0, data: piece },
      { id: 0, data: "x" },
      { id: 0, data: "" },
      "close",
    ])).lines.slice(1),
    [
      "open slow",
      `write ${most} bytes`,
      "written",
      "write x",
      "written",
      "end slow 600 1000",
    ],
  );
  const error = await assertRejects(
    () =>
      received([
        { path: "broken", size: most + 1 },
        "end",
        { id: 0, data: "x" },
      ]),
    Error,
    "unwritable broken",
  );
  assertEquals((error.cause as Error).message, "disk is full");
});

Deno.test("receiveFolder() asks for each file once, 64 at a time, and for no entry that is none", async () => {
  const files = Array.from(
    { length: 200 },
    (_, index): Sent => ({ path: `f${String(index).padStart(3, "0")}` }),
  );
  const open = new Set<number>();
  let most = 0;
  const ids: number[] = [];
  const { asked, lines } = await received([...files, "end"], {
    answer(id) {
      open.add(id);
      most = Math.max(most, open.size);
      ids.push(id);
      // Answered when enough are under way, or no more will come.
      if (open.size < 64 && ids.length < files.length) return [];
      const given = [...open];
      open.clear();
      return given.map((id): Sent => ({ id, data: "" }));
    },
  });
  assertEquals(asked, files.map((_, index) => index));
  assertEquals(most, 64);
  assertEquals(lines.filter((line) => line.startsWith("file ")).length, 200);
  // No more than that are asked for while none comes.
  const stuck = await assertRejects(
    () => received([...files, "end"]),
    ProtocolError,
    "ended the transfer of the result before all of it was sent",
  );
  assertEquals(
    (stuck as unknown as { received: Received }).received.asked.length,
    64,
  );
});

Deno.test("receiveFolder() asks no faster than its questions are taken", async () => {
  const files = Array.from({ length: 5 }, (_, n): Sent => ({ path: `f${n}` }));
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const room = () => {
    taken++;
    return gate.promise;
  };
  await assertRejects(
    () => received([...files, "end"], { room }),
    ProtocolError,
  );
  assertEquals(taken, 1);
  gate.resolve();
});

Deno.test("receiveFolder() refuses what may not come, in words that name it", async () => {
  const big = 256 * 1024 + 1;
  const f: Sent = { path: "f", size: 3 };
  const cases: readonly (readonly [Sent[], string])[] = [
    [[f, "end", { id: 0, data: "abcd" }], '"f" with 3 bytes and sent more'],
    [
      [f, "end", { id: 0, data: "ab" }, { id: 0, data: "cd" }],
      "with 3 bytes and sent more",
    ],
    [
      [f, "end", { id: 0, data: "ab" }, { id: 0, data: "" }],
      "with 3 bytes and sent 2",
    ],
    [[f, "end", { id: 0, data: "" }], "with 3 bytes and sent 0"],
    [
      [{ path: "f", size: big }, "end", { id: 0, data: "a" }, {
        id: 0,
        data: "",
      }],
      `with ${big} bytes and sent 1:`,
    ],
    [[f, "end", { id: 1, data: "a" }], "content of entry 1, which was not"],
    [
      [f, { path: "g", size: 1 }, "end", { id: 0, data: "abc" }, {
        id: 0,
        data: "",
      }, { id: 0, data: "a" }],
      "content of entry 0, which was not",
    ],
    [[{ path: "d", mode: DIR }, { id: 0, data: "a" }], "content of entry 0"],
    [[f, "fin"], "a packet of type 3 where none may come"],
    [[f, { raw: new PacketWriter().request(0).slice() }], "of type 1 where"],
    [[f, "end", { path: "g" }], "a packet of type 0 where none may come"],
    [[f, "end", "end"], "a packet of type 0 where none may come"],
    [[{ path: "../x" }], "leads out"],
    [[{ path: "b" }, { path: "a" }], "out of order"],
    [[{ path: "a", size: -1 }], "impossible mode or size"],
    [[{ path: "a", linkname: "../x" }], "leads out"],
    [[{ path: "a", mode: SYMLINK }], "a symlink that no system can have"],
    [[f, { raw: Uint8Array.of(0xff) }], "can't be read; a name that is no"],
    [[f, "end", "close"], "before all of it was sent"],
    [["close"], "before all of it was sent"],
    [["end", { path: "a" }], "of type 0 where none may come"],
    [["end", { raw: Uint8Array.of(0xff) }], "can't be read"],
    [[f, { error: "no space" }], "given up: no space"],
    [["end", { error: "late" }], "given up: late"],
    [[f, { error: "x".repeat(4097) }], `given up: ${"x".repeat(4096)}`],
  ];
  for (const [packets, words] of cases) {
    const error = await assertRejects(() => received(packets), Error);
    assert(error.message.includes(words), `${words}: ${error.message}`);
    assert(!error.message.includes("x".repeat(4097)));
    if (!words.startsWith("given up")) assert(error instanceof ProtocolError);
  }
});

Deno.test("receiveFolder() takes the end of the call for a farewell, and a broken one where it was aborted", async () => {
  for (const farewell of ["fin", "close"] as const) {
    const { finished } = await received(["end", farewell]);
    assert(finished);
  }
  const broken = new Error("broken");
  await assertRejects(
    () => received(["end"], { fail: broken }),
    Error,
    "broken",
  );
  const { finished } = await received(["end"], {
    fail: broken,
    signal: AbortSignal.abort(),
  });
  assert(finished);
  await assertRejects(
    () =>
      received([{ path: "f" }], { fail: broken, signal: AbortSignal.abort() }),
    Error,
    "broken",
  );
  // A request that can't be written is no failure of its own.
  await assertRejects(
    () => received([{ path: "f" }], { writeFails: true }),
    ProtocolError,
    "before all of it was sent",
  );
});

Deno.test("receiveFolder() gives way when its time is over, at each sixteenth packet", async () => {
  await withFreshTurns(async () => {
    const { now } = performance;
    const { subtle } = crypto;
    const { digest } = subtle;
    let time = 0;
    let turns = 0;
    const gate = Promise.withResolvers<void>();
    performance.now = () => time += 100;
    subtle.digest = async (...given) => {
      if (++turns === 2) await gate.promise;
      return await digest.apply(subtle, given);
    };
    try {
      const folders = Array.from(
        { length: 40 },
        (_, n): Sent => ({ path: `d${String(n).padStart(2, "0")}`, mode: DIR }),
      );
      let isOver = false;
      const receiving = received([...folders, "end", "fin"])
        .finally(() => isOver = true);
      for (let count = 0; count < 50; count++) {
        await new Promise((done) => setTimeout(done, 0));
      }
      assertEquals([turns, isOver], [2, false]);
      gate.resolve();
      await receiving;
      assertEquals(turns, 2);
    } finally {
      performance.now = now;
      subtle.digest = digest;
    }
  });
});

import { type ContextEntry, contextEntry } from "../../lib/context/entry.ts";
import { FolderFile } from "../../lib/context/file.ts";
import { ContextError } from "../../lib/errors.ts";
import type { Local } from "../../lib/fsutil/local.ts";
import { PacketType } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { GrpcError } from "../../lib/grpc/status.ts";
import type { FramedDuplex } from "../../lib/streams/duplex.ts";
import { turn } from "../../lib/streams/turn.ts";
import { framed } from "../grpc/framed.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { withTempFolder } from "../support/folder.ts";
import { withFreshTurns } from "../support/turns.ts";

const REQUEST = { include: [], exclude: [], follow: [] };

function entryOf(path: string, size: number): ContextEntry {
  return contextEntry({ path, type: "file", mode: 0o644, size });
}

/** The other side of a call: what it is sent, and what it answers when. */
class Call {
  readonly packets: string[] = [];
  readonly stream: FramedDuplex;
  readonly #waiting: (Uint8Array | null | Error)[] = [];
  #wake: (() => void) | undefined;

  constructor(
    seen: (packet: string, call: Call) => Promise<void> | void = () => {},
    signal: AbortSignal = new AbortController().signal,
  ) {
    this.stream = framed({
      signal,
      read: async () => {
        while (this.#waiting.length === 0) {
          await new Promise<void>((wake) => this.#wake = wake);
        }
        const next = this.#waiting.shift()!;
        if (next instanceof Error) throw next;
        return next;
      },
      write: (...parts) => {
        const { type, id, stat, data } = readPacket(concat(parts));
        const packet = type === PacketType.STAT
          ? stat === undefined ? "end" : `stat ${stat.path}`
          : type === PacketType.DATA
          ? `data ${id} ${data.length}`
          : type === PacketType.FIN
          ? "fin"
          : `error ${new TextDecoder().decode(data)}`;
        this.packets.push(packet);
        return seen(packet, this) ?? undefined;
      },
    });
  }

  send(...messages: (Uint8Array | null | Error)[]): void {
    this.#waiting.push(...messages);
    this.#wake?.();
  }

  ask(...ids: number[]): void {
    this.send(...ids.map((id) => new PacketWriter().request(id).slice()));
  }

  finish(): void {
    this.send(new PacketWriter().finish().slice());
  }
}

function localOf(
  entries: Iterable<ContextEntry | undefined>,
  content: Local["content"] = () => new Uint8Array(3),
): Local {
  return {
    entries: () => entries[Symbol.iterator]() as ReturnType<Local["entries"]>,
    content,
  };
}

async function rest(turns = 20): Promise<void> {
  for (let count = 0; count < turns; count++) await turn();
}

Deno.test("sendLocal() answers whenever it is asked, and hears of a failure while it waits", async () => {
  const files = [entryOf("a", 3), entryOf("b", 3)];
  const call = new Call();
  const sending = sendLocal(call.stream, localOf(files), REQUEST);
  await rest();
  assertEquals(call.packets.splice(0), ["stat a", "stat b", "end"]);
  call.ask(1);
  await rest();
  assertEquals(call.packets.splice(0), ["data 1 3", "data 1 0"]);
  call.ask(0);
  await rest();
  assertEquals(call.packets.splice(0), ["data 0 3", "data 0 0"]);
  call.finish();
  assertEquals(await sending, {
    files: 2,
    bytesOffered: 6,
    filesSent: 2,
    bytesSent: 6,
  });
  assertEquals(call.packets, ["fin"]);
  const gone = new Error("gone");
  for (
    const [answer, words, told] of [
      [gone, "gone", []],
      [null, "the transfer was given up", ["error the transfer was given up"]],
      [
        new PacketWriter().error("no space").slice(),
        "error from receiver: no space",
        ["error error from receiver: no space"],
      ],
      [
        new PacketWriter().request(2).slice(),
        "invalid file id 2",
        ["error invalid file id 2"],
      ],
      [
        Uint8Array.of(8, 9),
        "unexpected packet of type 9",
        ["error unexpected packet of type 9"],
      ],
      [Uint8Array.of(0xff), "unreadable packet", ["error unreadable packet"]],
    ] as const
  ) {
    const failing = new Call();
    const waiting = sendLocal(failing.stream, localOf(files), REQUEST);
    await rest();
    failing.packets.length = 0;
    failing.send(answer);
    const error = await assertRejects(() => waiting, Error, words);
    assertEquals(error instanceof GrpcError, told.length > 0);
    assertEquals(failing.packets, [...told]);
  }
});

Deno.test("sendLocal() tells a reason before it fails, but not to who has given up", async () => {
  const failing: Local = localOf([]);
  const reason = new ContextError("closed");
  const local: Local = {
    ...failing,
    entries: () => ({
      next: () => {
        throw reason;
      },
    }),
  };
  const gate = Promise.withResolvers<void>();
  const call = new Call(() => gate.promise);
  let isOver = false;
  const sending = sendLocal(call.stream, local, REQUEST).catch((error) => {
    isOver = true;
    return error;
  });
  await rest();
  assertEquals([call.packets, isOver], [["error closed"], false]);
  gate.resolve();
  assertEquals(await sending, reason);
  const aborted = new Call(undefined, AbortSignal.abort());
  const error = await sendLocal(aborted.stream, local, REQUEST)
    .catch((error) => error);
  assertEquals([error, aborted.packets], [reason, []]);
});

Deno.test("sendLocal() gives its entries back, whether they came to their end or not", async () => {
  for (const fails of [false, true]) {
    let returned = 0;
    const entries = [entryOf("a", 1)][Symbol.iterator]();
    const local: Local = {
      entries: () => ({
        next: () => entries.next() as IteratorResult<ContextEntry, void>,
        return: () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
      content: () => new Uint8Array(1),
    };
    const call = new Call();
    call.send(fails ? new Error("gone") : new PacketWriter().finish().slice());
    await sendLocal(call.stream, local, REQUEST).catch(() => {}); // told above
    assertEquals(returned, 1);
  }
});

Deno.test("sendLocal() reads up to 64 KiB at once, and what is larger in pieces of 512 KiB", async () => {
  await withTempFolder(async (root) => {
    const { read, readSync } = FolderFile.prototype;
    const calls: string[] = [];
    FolderFile.prototype.read = function (buffer) {
      calls.push(`waits ${buffer.length}`);
      return read.call(this, buffer);
    };
    FolderFile.prototype.readSync = function (buffer) {
      calls.push(`at once ${buffer.length}`);
      return readSync.call(this, buffer);
    };
    const [small, large] = [65_537, 524_288];
    try {
      for (
        const [size, way, pieces] of [
          [0, [`at once ${small}`], []],
          [1, [`at once ${small}`], [1]],
          [65_536, [`at once ${small}`], [65_536]],
          [65_537, [`waits ${large}`, `waits ${large}`], [65_537]],
          [
            524_289,
            [`waits ${large}`, `waits ${large}`, `waits ${large}`],
            [524_288, 1],
          ],
        ] as const
      ) {
        calls.length = 0;
        await Deno.writeFile(`${root}/f`, new Uint8Array(size));
        const call = new Call((packet, call) => {
          if (packet === "end") call.ask(0);
          if (packet === "data 0 0") call.finish();
        });
        const local = localOf([entryOf("f", size)], (path) => ({
          root: `${root}/`,
          path,
        }));
        await sendLocal(call.stream, local, REQUEST);
        assertEquals([size, calls], [size, [...way]]);
        assertEquals(
          call.packets.slice(2),
          [...pieces, 0].map((count) => `data 0 ${count}`).concat("fin"),
        );
      }
    } finally {
      Object.assign(FolderFile.prototype, { read, readSync });
    }
  });
});

Deno.test("sendLocal() sends content in memory in the same pieces", async () => {
  for (
    const [size, pieces] of [
      [0, []],
      [1, [1]],
      [524_288, [524_288]],
      [1_048_577, [524_288, 524_288, 1]],
    ] as const
  ) {
    const call = new Call((packet, call) => {
      if (packet === "end") call.ask(0);
      if (packet === "data 0 0") call.finish();
    });
    const local = localOf([entryOf("f", size)], () => new Uint8Array(size));
    await sendLocal(call.stream, local, REQUEST);
    assertEquals(
      call.packets.slice(2),
      [...pieces, 0].map((count) => `data 0 ${count}`).concat("fin"),
    );
  }
});

Deno.test("sendLocal() gives way when its time is over: at each sixteenth entry, and where there is none", async () => {
  const { now } = performance;
  const { subtle } = crypto;
  const { digest } = subtle;
  /** How often it gives way, with so many milliseconds between two looks at the clock. */
  const turns = async (step: number, entries: (ContextEntry | undefined)[]) => {
    let time = 0;
    let count = 0;
    const call = new Call((packet, call) => {
      if (packet === "end") call.finish();
    });
    performance.now = () => time += step;
    subtle.digest = (...given) => {
      count++;
      return digest.apply(subtle, given);
    };
    try {
      await sendLocal(call.stream, localOf(entries), REQUEST);
    } finally {
      performance.now = now;
      subtle.digest = digest;
    }
    return count;
  };
  const many = Array.from({ length: 64 }, (_, n) => entryOf(`f${n}`, 1));
  await withFreshTurns(async () => {
    assertEquals(await turns(0, many), 0);
    assertEquals(await turns(5, many), 4);
    assertEquals(await turns(5, many.slice(0, 15)), 0);
    const none = Array.from({ length: 5 }, () => undefined);
    assertEquals(await turns(0, none), 0);
    assertEquals(await turns(5, none), 5);
    assert(await turns(1, none) < 5);
  });
});

Deno.test("sendLocal() refuses a FIN before what was asked for is sent, and asks nothing of a closed file twice", async () => {
  const gate = Promise.withResolvers<void>();
  const call = new Call((packet, call) => {
    if (packet === "end") call.ask(0, 1);
    if (packet === "data 0 3") {
      call.finish();
      return gate.promise;
    }
  });
  const files = [entryOf("a", 3), entryOf("b", 3)];
  const sending = sendLocal(call.stream, localOf(files), REQUEST);
  await rest();
  gate.resolve();
  await assertRejects(
    () => sending,
    GrpcError,
    "finished before the files that were asked for were sent",
  );
  const twice = new Call((packet, call) => {
    if (packet === "end") call.ask(0);
    if (packet === "data 0 0") call.ask(0);
  });
  await assertRejects(
    () => sendLocal(twice.stream, localOf(files), REQUEST),
    GrpcError,
    "invalid file id 0",
  );
});

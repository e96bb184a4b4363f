import { contextEntry } from "../../lib/context/entry.ts";
import { FolderFile } from "../../lib/context/file.ts";
import { ContextError } from "../../lib/errors.ts";
import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import type { Local, LocalRequest } from "../../lib/fsutil/local.ts";
import { PacketType } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import type { FramedDuplex } from "../../lib/streams/duplex.ts";
import { GrpcError } from "../../lib/grpc/status.ts";
import { framed } from "../grpc/framed.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { withTempFolder } from "../support/folder.ts";
import { untilQuiet } from "../support/until.ts";
import { concat } from "../support/concat.ts";

const EVERYTHING: LocalRequest = { include: [], exclude: [], follow: [] };

/** The engine's end of a call: takes packets as fast as it likes, and asks for what it likes. */
class Receiver {
  readonly names: string[] = [];
  readonly contents = new Map<number, Uint8Array[]>();
  readonly ended = new Set<number>();
  listed = false;
  finished = false;
  error: string | undefined;
  readonly stream: FramedDuplex;
  readonly #writer = new PacketWriter();
  readonly #sent: (Uint8Array | null)[] = [];
  readonly #abort = new AbortController();
  #waiting: (() => void) | undefined;
  #onPacket: ((type: number, id: number) => Promise<void> | void) | undefined;

  constructor(onPacket?: (type: number, id: number) => Promise<void> | void) {
    this.#onPacket = onPacket;
    this.stream = framed({
      signal: this.#abort.signal,
      read: () => this.#read(),
      write: (...parts) => this.#take(parts),
    });
  }

  ask(...ids: number[]): void {
    for (const id of ids) this.send(this.#writer.request(id));
  }

  finish(): void {
    this.send(this.#writer.finish());
  }

  send(bytes: Uint8Array | null): void {
    this.#sent.push(bytes?.slice() ?? null);
    this.#waiting?.();
  }

  giveUp(): void {
    this.#abort.abort(new Error("given up"));
    this.#waiting?.();
  }

  content(id: number): Uint8Array {
    return concat(this.contents.get(id) ?? []);
  }

  bytes(id: number): number {
    return (this.contents.get(id) ?? [])
      .reduce((sum, part) => sum + part.length, 0);
  }

  async #read(): Promise<Uint8Array | null> {
    while (this.#sent.length === 0) {
      this.#abort.signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    return this.#sent.shift()!;
  }

  async #take(parts: Uint8Array[]): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const { type, id, stat, data } = readPacket(concat(parts));
    if (type === PacketType.STAT) {
      if (stat === undefined) this.listed = true;
      else this.names.push(stat.path);
    } else if (type === PacketType.DATA) {
      if (data.length === 0) this.ended.add(id);
      else {
        const parts = this.contents.get(id);
        if (parts === undefined) this.contents.set(id, [data]);
        else parts.push(data);
      }
    } else if (type === PacketType.FIN) this.finished = true;
    else this.error = new TextDecoder().decode(data);
    await this.#onPacket?.(type, id);
  }
}

/** Asks for everything as soon as the list is there, and ends when all has come. */
function takeAll(count: number): Receiver {
  const receiver = new Receiver((type) => {
    if (type === PacketType.STAT && receiver.listed) {
      receiver.ask(...receiver.names.keys());
      if (count === 0) receiver.finish();
    }
    if (receiver.ended.size === count) receiver.finish();
  });
  return receiver;
}

Deno.test("sendLocal() sends files of every length whole", async () => {
  await withTempFolder(async (root) => {
    const lengths = [0, 1, 2048, 65535, 65536, 65537, 524288, 524289, 1200000];
    const contents = lengths.map(randomBytes);
    for (const [index, bytes] of contents.entries()) {
      await Deno.writeFile(`${root}/f${index}`, bytes);
    }
    const receiver = takeAll(lengths.length);
    const counts = await sendLocal(
      receiver.stream,
      new FolderLocal(root),
      EVERYTHING,
    );
    assertEquals(receiver.names, lengths.map((_, index) => `f${index}`));
    for (const [index, bytes] of contents.entries()) {
      const got = receiver.content(index);
      assertEquals(got.length, bytes.length);
      // Not assertEquals(), which takes a second for a megabyte.
      assert(got.every((byte, at) => byte === bytes[at]), `file ${index}`);
    }
    assert(receiver.finished);
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    assertEquals(counts, {
      files: lengths.length,
      bytesOffered: bytes,
      filesSent: lengths.length,
      bytesSent: bytes,
    });
  });
});

Deno.test("sendLocal() refuses what the engine may not ask for", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeTextFile(`${root}/a`, "a");
    await Deno.mkdir(`${root}/d`);
    await Deno.symlink("a", `${root}/l`);
    const writer = new PacketWriter();
    const cases: [string, (receiver: Receiver) => void, RegExp][] = [
      ["a folder", (r) => r.ask(1), /invalid file id 1/],
      ["a link", (r) => r.ask(2), /invalid file id 2/],
      ["out of range", (r) => r.ask(3), /invalid file id 3/],
      ["far out of range", (r) => r.ask(2 ** 32 - 1), /invalid file id/],
      ["twice", (r) => r.ask(0, 0), /invalid file id 0/],
      ["finished too early", (r) => {
        r.ask(0);
        r.finish();
      }, /finished before/],
      ["a STAT", (r) => r.send(new Uint8Array(0)), /unexpected packet/],
      ["DATA", (r) => r.send(writer.data(0, 0)), /unexpected packet/],
      ["no packet", (r) => r.send(new Uint8Array([255])), /unreadable/],
      ["an error", (r) => r.send(writer.error("full disk")), /full disk/],
      ["the end", (r) => r.send(null), /given up/],
    ];
    for (const [name, act, words] of cases) {
      const receiver = new Receiver((type) => {
        if (type === PacketType.STAT && receiver.listed) act(receiver);
      });
      const error = await assertRejects(
        () => sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING),
        GrpcError,
      );
      assert(words.test(error.message), `${name}: ${error.message}`);
      assert(words.test(receiver.error ?? ""), `${name}: told the engine`);
    }
  });
});

Deno.test("sendLocal() is over at the FIN: what is asked behind it is not answered", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeTextFile(`${root}/a`, "a");
    const receiver = new Receiver((type) => {
      if (type !== PacketType.STAT || !receiver.listed) return;
      receiver.finish();
      receiver.ask(0);
    });
    await sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING);
    assert(receiver.finished);
    assertEquals(receiver.ended.size, 0);
  });
});

Deno.test("sendLocal() names what vanished, what became a link and what is closed", async () => {
  await withTempFolder(async (root) => {
    const changes: Record<string, () => Promise<void>> = {
      gone: () => Deno.remove(`${root}/a`),
      linked: async () => {
        await Deno.remove(`${root}/a`);
        await Deno.symlink("/etc/hostname", `${root}/a`);
      },
    };
    for (const change of Object.values(changes)) {
      await Deno.remove(`${root}/a`).catch(() => {}); // not there at first
      await Deno.writeTextFile(`${root}/a`, "a");
      const receiver = new Receiver(async (type) => {
        if (type !== PacketType.STAT || !receiver.listed) return;
        await change();
        receiver.ask(0);
      });
      const error = await assertRejects(
        () => sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING),
        ContextError,
      );
      assert(error.message.includes(`${root}/a`), error.message);
      assertEquals(receiver.error, error.message);
      assertEquals(receiver.bytes(0), 0);
    }
  });
});

Deno.test("sendLocal() does not hang on a file that became a FIFO", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeTextFile(`${root}/a`, "a");
    const receiver = new Receiver(async (type, id) => {
      if (type === PacketType.STAT && receiver.listed) {
        await Deno.remove(`${root}/a`);
        await new Deno.Command("mkfifo", { args: [`${root}/a`] }).output();
        receiver.ask(0);
      }
      if (receiver.ended.has(id)) receiver.finish();
    });
    await sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING);
    assertEquals(receiver.bytes(0), 0);
  });
});

Deno.test("sendLocal() sends what a file has that grew or shrank, and ends with one that grows all the time", async () => {
  await withTempFolder(async (root) => {
    for (const length of [100, 100_000, 700_000]) {
      for (const change of [0, 50, length * 3]) {
        await Deno.writeFile(`${root}/a`, randomBytes(length));
        const receiver = new Receiver(async (type, id) => {
          if (type === PacketType.STAT && receiver.listed) {
            await Deno.truncate(`${root}/a`, change);
            receiver.ask(0);
          }
          if (receiver.ended.has(id)) receiver.finish();
        });
        await sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING);
        assertEquals(receiver.bytes(0), change);
      }
    }
    await Deno.writeFile(`${root}/a`, randomBytes(700_000));
    const receiver = new Receiver(async (type, id) => {
      if (type === PacketType.STAT && receiver.listed) receiver.ask(0);
      if (type !== PacketType.DATA) return;
      if (receiver.ended.has(id)) receiver.finish();
      else {await Deno.writeFile(`${root}/a`, randomBytes(700_000), {
          append: true,
        });}
    });
    await sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING);
    assert(receiver.bytes(0) < 5_000_000, `${receiver.bytes(0)}`);
  });
});

Deno.test("sendLocal() closes its files when the call is given up in the middle of one", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeFile(`${root}/a`, randomBytes(8_000_000));
    await Deno.writeFile(`${root}/b`, randomBytes(8_000_000));
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    const receiver = new Receiver((type) => {
      if (type === PacketType.STAT && receiver.listed) receiver.ask(0, 1);
      if (type === PacketType.DATA) receiver.giveUp();
    });
    await assertRejects(() =>
      sendLocal(receiver.stream, new FolderLocal(root), EVERYTHING)
    );
    assertEquals(open(), before);
    assert(receiver.bytes(0) <= 1024 * 1024);
  });
});

Deno.test("sendLocal() makes no entry before there is room for the 16 before it, wherever the walk pauses", async () => {
  let made = 0;
  const local: Local = {
    *entries() {
      for (; made < 100_000; made++) {
        if (made % 15 === 0) yield undefined;
        yield contextEntry({
          path: `f${String(made).padStart(6, "0")}`,
          type: "file",
          mode: 0o644,
          size: 1,
        });
      }
    },
    content: () => new Uint8Array(1),
  };
  const first = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  const receiver = new Receiver(() => {
    first.resolve();
    return paused.promise;
  });
  const sending = sendLocal(receiver.stream, local, EVERYTHING);
  await first.promise;
  await untilQuiet(() => made, (made) => assertEquals(made, 15));
  receiver.giveUp();
  paused.resolve();
  await assertRejects(() => sending);
});

Deno.test("sendLocal() closes no file that is being read", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeFile(`${root}/a`, randomBytes(2_000_000));
    const { read } = FolderFile.prototype;
    const dispose = FolderFile.prototype[Symbol.dispose];
    const { promise: released, resolve: release } = Promise.withResolvers<
      void
    >();
    let reads = 0;
    let pending = 0;
    const closedAt: number[] = [];
    // The second read, which goes on while the first piece is sent, takes its time.
    FolderFile.prototype.read = async function (buffer) {
      pending++;
      const count = await read.call(this, buffer);
      if (++reads > 1) await released;
      pending--;
      return count;
    };
    FolderFile.prototype[Symbol.dispose] = function () {
      closedAt.push(pending);
      dispose.call(this);
    };
    try {
      const failed = Promise.withResolvers<void>();
      const receiver = new Receiver((type) => {
        if (type === PacketType.STAT && receiver.listed) receiver.ask(0);
        if (type !== PacketType.DATA) return;
        failed.resolve();
        throw new Error("connection lost");
      });
      const sending = sendLocal(
        receiver.stream,
        new FolderLocal(root),
        EVERYTHING,
      ).catch((error) => error.message);
      await failed.promise;
      await new Promise((done) => setTimeout(done));
      assertEquals(pending, 1);
      release();
      assertEquals(await sending, "connection lost");
      assertEquals(closedAt, [0]);
    } finally {
      release();
      FolderFile.prototype.read = read;
      FolderFile.prototype[Symbol.dispose] = dispose;
    }
  });
});

Deno.test("sendLocal() sends nothing to who has given up, whatever fails then", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeTextFile(`${root}/a`, "a");
    const gone = new AbortController();
    const sent: number[] = [];
    const asked = Promise.withResolvers<Uint8Array>();
    let reads = 0;
    const stream = framed({
      signal: gone.signal,
      read: () =>
        ++reads === 1 ? asked.promise : Promise.withResolvers<null>().promise,
      async write(...parts) {
        const { type, stat } = readPacket(concat(parts));
        sent.push(type);
        if (type !== PacketType.STAT || stat !== undefined) return;
        await Deno.remove(`${root}/a`);
        gone.abort();
        asked.resolve(new PacketWriter().request(0).slice());
      },
    });
    await assertRejects(
      () => sendLocal(stream, new FolderLocal(root), EVERYTHING),
      ContextError,
    );
    assertEquals(sent, [PacketType.STAT, PacketType.STAT]);
  });
});

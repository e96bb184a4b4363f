import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { ArchiveStream } from "../../lib/exporter/archive_stream.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { names, openFiles, replaced, scratch } from "./scratch.ts";
import { play } from "./script.ts";

const LIMITS = { maxEntries: 0, maxBytes: 10_000_000 };

/** An archive in pieces of all sizes. */
function pieces(): { whole: Uint8Array; parts: Uint8Array[] } {
  const whole = randomBytes(3_000_000);
  const parts: Uint8Array[] = [];
  for (let at = 0, size = 1; at < whole.length; at += size, size *= 3) {
    parts.push(whole.subarray(at, at + size));
  }
  return { whole, parts };
}

Deno.test("ArchiveFile replaces a file when all went well, and keeps its permissions", async () => {
  await using place = await scratch();
  const { whole, parts } = pieces();
  await Deno.writeTextFile(`${place.path}/real`, "old", { mode: 0o640 });
  await Deno.symlink("real", `${place.path}/out.tar`);
  const exporter = new ArchiveFile(`${place.path}/out.tar`, LIMITS);
  await exporter.prepare();
  await exporter.receive(play(parts));
  assertEquals(await Deno.readTextFile(`${place.path}/real`), "old");
  const report = await exporter.commit();
  assertEquals([report.dest, report.bytes], [`${place.path}/real`, 3_000_000]);
  assertEquals(await Deno.readFile(`${place.path}/real`), whole);
  assertEquals((await Deno.stat(`${place.path}/real`)).mode! & 0o777, 0o640);
  assertEquals(await names(place.path), ["out.tar", "real"]);
});

Deno.test("ArchiveFile leaves the file alone when anything fails", async () => {
  await using place = await scratch();
  const dest = `${place.path}/out.tar`;
  await Deno.writeTextFile(dest, "old");
  const cut = play([randomBytes(1000)]);
  const failing: [string, (exporter: ArchiveFile) => Promise<unknown>][] = [
    ["without sending", (exporter) => exporter.commit()],
    [
      "maxBytes",
      (exporter) => exporter.receive(play([new Uint8Array(10_000_001)])),
    ],
    ["reset", (exporter) =>
      exporter.receive({
        ...cut,
        async read() {
          const piece = await cut.read();
          if (piece === null) throw new Error("connection reset");
          return piece;
        },
      })],
    ["none is wanted", async (exporter) => {
      await exporter.receive(play([randomBytes(10)]));
      await exporter.receive(play([randomBytes(10)]));
    }],
  ];
  for (const [words, fail] of failing) {
    const exporter = new ArchiveFile(dest, LIMITS);
    await exporter.prepare();
    await assertRejects(() => fail(exporter), Error, words);
    await exporter.discard();
    assertEquals(await Deno.readTextFile(dest), "old");
    assertEquals(await names(place.path), ["out.tar"]);
  }
});

Deno.test("ArchiveFile refuses what is no file, before anything is sent", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/folder`);
  for (
    const [dest, words] of [
      [`${place.path}/folder`, "it is not a file"],
      ["/dev/null", "give a stream"],
      ["/dev/null/such.tar", "it can't be looked at"],
      ["/proc/davit.tar", "nothing can be written there"],
    ] as const
  ) {
    const exporter = new ArchiveFile(dest, LIMITS);
    const error = await assertRejects(() => exporter.prepare(), ExportError);
    assertStringIncludes(error.message, words);
    await exporter.discard();
  }
});

Deno.test("ArchiveFile tells of a full disk", async () => {
  await using place = await scratch();
  const exporter = new ArchiveFile(`${place.path}/out.tar`, LIMITS);
  await exporter.prepare();
  const [temporary] = await names(place.path);
  {
    using _ = replaced(
      Deno.FsFile.prototype,
      "write",
      () => () =>
        Promise.reject(new Error("No space left on device (os error 28)")),
    );
    const error = await assertRejects(
      () => exporter.receive(play(pieces().parts)),
      ExportError,
    );
    assertStringIncludes(error.message, "No space left on device");
  }
  await exporter.discard();
  assertEquals((await names(place.path)).includes(temporary!), false);
});

Deno.test("ArchiveStream writes as the stream takes, closes at the end, aborts otherwise", async () => {
  const { whole, parts } = pieces();
  const taken: Uint8Array[] = [];
  const log: string[] = [];
  let waiting = 0;
  const sink = () =>
    new WritableStream<Uint8Array>({
      async write(chunk) {
        assertEquals(++waiting, 1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        waiting--;
        taken.push(chunk);
        // The consumer may do with it what it likes.
        if (chunk.length > 2) structuredClone(chunk, { transfer: [] });
      },
      close: () => void log.push("closed"),
      abort: (reason) => void log.push(`aborted: ${reason}`),
    });

  const good = new ArchiveStream(sink(), LIMITS);
  await good.prepare();
  const stream = play(parts);
  await good.receive(stream);
  assertEquals(log, []);
  assertEquals((await good.commit()).bytes, whole.length);
  await good.discard("too late");
  assertEquals(log, ["closed"]);
  assertEquals(
    await new Blob(taken as Uint8Array<ArrayBuffer>[]).bytes(),
    whole as Uint8Array<ArrayBuffer>,
  );
  // Never the engine's own memory.
  assertEquals(taken.some((chunk) => chunk.buffer === whole.buffer), false);

  log.length = 0;
  const bad = new ArchiveStream(sink(), LIMITS);
  await bad.prepare();
  await bad.receive(play(parts.slice(0, 3)));
  await bad.discard("the build failed");
  await bad.discard("again");
  await assertRejects(() => bad.commit(), TypeError);
  assertEquals(log, ["aborted: the build failed"]);

  log.length = 0;
  const never = new ArchiveStream(sink(), LIMITS);
  await never.discard("bad options");
  assertEquals(log, ["aborted: bad options"]);

  log.length = 0;
  const unsent = new ArchiveStream(sink(), LIMITS);
  await unsent.prepare();
  await assertRejects(() => unsent.commit(), Error, "without sending");
  assertStringIncludes(log[0]!, "aborted: ProtocolError");
});

Deno.test("ArchiveStream fails the transfer when the stream does", async () => {
  const exporter = new ArchiveStream(
    new WritableStream({
      write: () => Promise.reject(new Error("pipe is broken")),
    }),
    LIMITS,
  );
  await exporter.prepare();
  const error = await assertRejects(
    () => exporter.receive(play(pieces().parts)),
    ExportError,
  );
  assertStringIncludes(error.message, "pipe is broken");
  await exporter.discard(error);
});

Deno.test("ArchiveFile makes the folders above its place, and takes them back with the rest", async () => {
  await using place = await scratch();
  const dest = `${place.path}/x/y/out.tar`;
  const receive = async () => {
    const exporter = new ArchiveFile(dest, LIMITS);
    await exporter.prepare();
    await exporter.receive(play([new Uint8Array(1000)]));
    return exporter;
  };
  const given = await receive();
  assertEquals(await names(place.path), ["x"]);
  await given.discard();
  assertEquals(await names(place.path), []);

  const other = await receive();
  await Deno.writeTextFile(`${place.path}/x/theirs`, "");
  await other.discard();
  assertEquals(await names(`${place.path}/x`), ["theirs"]);

  const exporter = await receive();
  await exporter.commit();
  await exporter.discard();
  assertEquals(await names(`${place.path}/x/y`), ["out.tar"]);
});

Deno.test("ArchiveStream has let go of its stream when it says how it ended", async () => {
  /** A stream that takes its time to be given up, and what became of it. */
  const slow = () => {
    const ended: string[] = [];
    const stream = new WritableStream<Uint8Array>({
      async abort() {
        await new Promise((resolve) => setTimeout(resolve, 1));
        ended.push("given up");
      },
    });
    return { stream, ended };
  };
  const [nothing, given] = [slow(), slow()];
  const exporter = new ArchiveStream(nothing.stream, LIMITS);
  await exporter.prepare();
  await assertRejects(() => exporter.commit(), Error, "without sending");
  assertEquals([nothing.ended, nothing.stream.locked], [["given up"], false]);

  const other = new ArchiveStream(given.stream, LIMITS);
  await other.prepare();
  await other.discard();
  assertEquals([given.ended, given.stream.locked], [["given up"], false]);
});

Deno.test("ArchiveStream that is closing can't be given up any more, or committed again", async () => {
  const closing = Promise.withResolvers<void>();
  let signal: AbortSignal | undefined;
  const exporter = new ArchiveStream(
    new WritableStream({
      start: (controller) => void (signal = controller.signal),
      close: () => closing.promise,
    }),
    LIMITS,
  );
  await exporter.prepare();
  await exporter.receive(play([randomBytes(10)]));
  const committed = exporter.commit();
  const discarded = exporter.discard("too late");
  closing.resolve();
  await discarded;
  assertEquals((await committed).bytes, 10);
  assertEquals(signal?.aborted, false);
  await assertRejects(() => exporter.commit(), TypeError, "not prepared");
});

Deno.test("ArchiveFile closes its file however it ends, and commits once", async () => {
  await using place = await scratch();
  const before = openFiles();
  const dest = `${place.path}/out.tar`;
  for (const how of ["fails", "is given up", "goes well"]) {
    const exporter = new ArchiveFile(dest, LIMITS);
    await exporter.prepare();
    const during = openFiles();
    if (how === "fails") {
      const writing = slowWrites();
      try {
        await assertRejects(
          () => exporter.receive(play([new Uint8Array(10_000_001)])),
          ExportError,
          "maxBytes",
        );
      } finally {
        writing[Symbol.dispose]();
      }
      assertEquals(openFiles(), during - 1);
    }
    if (how === "goes well") {
      await exporter.receive(play([randomBytes(10)]));
      await exporter.commit();
      await assertRejects(() => exporter.commit(), TypeError, "not prepared");
    } else await exporter.discard();
    assertEquals(openFiles(), before, how);
  }
});

function slowWrites(): Disposable {
  return replaced(
    Deno.FsFile.prototype,
    "write",
    (write) =>
      async function (this: Deno.FsFile, bytes: Uint8Array) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return await write.call(this, bytes);
      },
  );
}

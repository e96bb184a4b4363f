import { isExportName } from "../../lib/context/export_name.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { ArchiveStream } from "../../lib/exporter/archive_stream.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { ExportSet } from "../../lib/exporter/export_set.ts";
import type { Exporter } from "../../lib/exporter/exporter.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import type { MessageDuplex } from "../../lib/streams/duplex.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { names, scratch } from "./scratch.ts";
import { packets, play } from "./script.ts";

const LIMITS = { maxEntries: 100, maxBytes: 1000 };
const encoder = new TextEncoder();

/** A call that sends these pieces of an archive. */
function pieces(...texts: string[]): MessageDuplex {
  return {
    signal: new AbortController().signal,
    read: () => {
      const text = texts.shift();
      return Promise.resolve(text === undefined ? null : encoder.encode(text));
    },
    write: () => undefined,
  };
}

/** A call that sends these packets of a folder. */
function files(...entries: Uint8Array[]): MessageDuplex {
  return play([
    ...entries,
    packets.end(),
    packets.finish(),
  ]);
}

/** A stream of a caller's, and what became of it. */
function sink() {
  const log: string[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (bytes) => void log.push(new TextDecoder().decode(bytes)),
    close: () => void log.push("closed"),
    abort: (reason) => void log.push(`aborted: ${(reason as Error).message}`),
  });
  return { stream, log };
}

/** Four outputs as a build has them, of which the first stays with the engine. */
function four(path: string) {
  const { stream, log } = sink();
  const set = new ExportSet([
    { type: "moby" },
    {
      type: "local",
      exporter: new FolderExporter(`${path}/new/folder`, LIMITS),
    },
    {
      type: "tar",
      exporter: new ArchiveFile(`${path}/new/a.tar`, LIMITS),
    },
    { type: "oci", exporter: new ArchiveStream(stream, LIMITS) },
  ]);
  return { set, log };
}

const give = (call: MessageDuplex) => () => Promise.resolve(call);

/** Sends all that `four` waits for but these. */
async function sendAll(set: ExportSet, except?: string): Promise<void> {
  const calls: Record<string, MessageDuplex> = {
    1: files(packets.folder("linux_amd64")),
    2: pieces("t", "ar"),
    3: pieces("oci"),
  };
  await Promise.all(
    Object.entries(calls).filter(([id]) => id !== except)
      .map(([id, call]) => set.receive([id], give(call))),
  );
}

Deno.test("several results come to their destinations together, in the order of the outputs", async () => {
  await using place = await scratch();
  const { set, log } = four(place.path);
  await set.prepare();
  await sendAll(set);
  // A second platform's files come in a call of their own.
  await set.receive(["1"], give(files(packets.folder("linux_arm64"))));
  // Only the private folders that will be renamed.
  assertEquals((await names(`${place.path}/new`)).every(isExportName), true);
  assertEquals(log, ["oci"]);
  const staged = await set.staged();
  assertEquals(staged.map(({ label }) => label), [
    `local ${JSON.stringify(`${place.path}/new/folder`)}`,
    `tar ${JSON.stringify(`${place.path}/new/a.tar`)}`,
  ]);
  assertEquals(await Deno.readTextFile(staged[1]!.path), "tar");
  const reports = await set.commit();
  assertEquals(reports.map(({ dest, bytes }) => [dest, bytes]), [
    [`${place.path}/new/folder`, 0],
    [`${place.path}/new/a.tar`, 3],
    [undefined, 3],
  ]);
  assertEquals(await names(`${place.path}/new`), ["a.tar", "folder"]);
  assertEquals(await names(`${place.path}/new/folder`), [
    "linux_amd64",
    "linux_arm64",
  ]);
  assertEquals(log, ["oci", "closed"]);
  await set.discard(new Error("late")); // all is in its place
  assertEquals(await names(`${place.path}/new`), ["a.tar", "folder"]);
});

Deno.test("a result that was never sent is an error that names it, and nothing is exported", async () => {
  for (
    const [id, label] of [["1", "local"], ["2", "tar"], ["3", "oci"]] as const
  ) {
    await using place = await scratch();
    const { set, log } = four(place.path);
    await set.prepare();
    await sendAll(set, id);
    for (const end of [() => set.staged(), () => set.commit()]) {
      const error = await assertRejects(end, ProtocolError);
      assert(
        error.message.startsWith(
          "The engine ended the build without sending its result: look into its log; what is missing is the output ",
        ),
      );
      assert(error.message.includes(`output ${label} `), error.message);
      assert(error.message.endsWith(", and nothing was exported"));
      assert(error.cause instanceof ProtocolError);
    }
    await set.discard(new Error("given up"));
    assertEquals(await names(place.path), []);
    assertEquals(log.at(-1), "aborted: given up");
  }
  // Of a single output there is nothing more to say.
  await using place = await scratch();
  const exporter = new ArchiveFile(`${place.path}/a.tar`, LIMITS);
  const set = new ExportSet([{ type: "tar", exporter }]);
  await set.prepare();
  const error = await assertRejects(() => set.commit(), ProtocolError);
  assertEquals(
    error.message,
    "The engine ended the build without sending its result: look into its log",
  );
  await set.discard();
});

Deno.test("a result for an output that is none, or has its own already, is refused for good", async () => {
  const words = (id: string) =>
    `The engine sent a result for ${id}, of which nothing is received here`;
  for (
    const [ids, message] of [
      [["0"], words('output "0"')], // it stays with the engine
      [["4"], words('output "4"')],
      [["-1"], words('output "-1"')],
      [["01"], words('output "01"')],
      [["1.0"], words('output "1.0"')],
      [[""], words('output ""')],
      [["__proto__"], words('output "__proto__"')],
      [["1", "2"], words('output "1" and "2"')],
      [[], words("an output that it does not name")],
      [["2"], "The engine sent an archive where none is wanted any more"],
      [["3"], "The engine sent an archive where none is wanted any more"],
    ] as [string[], string][]
  ) {
    await using place = await scratch();
    const { set, log } = four(place.path);
    await set.prepare();
    await sendAll(set);
    let opened = 0;
    const error = await assertRejects(
      () => set.receive(ids, () => (opened++, pieces("more"))),
      ProtocolError,
    );
    assertEquals(error.message, message);
    assertEquals(opened, message.includes("wanted any more") ? 1 : 0);
    // The engine says that all went well: it did not.
    for (const end of [() => set.staged(), () => set.commit()]) {
      assertEquals(await assertRejects(end), error);
    }
    await set.discard(error);
    assertEquals(await names(place.path), []);
    assertEquals(log, ["oci", `aborted: ${message}`]);
  }
});

Deno.test("a folder of which one platform failed is not exported, though the other was received", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/out`, LIMITS);
  const set = new ExportSet([{ type: "local", exporter }]);
  await set.prepare();
  await set.receive(["0"], give(files(packets.folder("linux_amd64"))));
  const error = await assertRejects(
    () => set.receive([], give(files(packets.folder("../linux_arm64")))),
    ProtocolError,
  );
  assertEquals(await assertRejects(() => set.commit()), error);
  await set.discard();
  assertEquals(await names(place.path), []);
});

Deno.test("what comes when the build is over is refused, and writes nothing", async () => {
  await using place = await scratch();
  const { set } = four(place.path);
  await set.prepare();
  await sendAll(set);
  await set.commit();
  const { message } = await assertRejects(
    () => set.receive(["1"], give(files(packets.folder("late")))),
    ProtocolError,
  );
  assertEquals(message, "The engine sent a result when the build was over");
  assertEquals(await names(`${place.path}/new/folder`), ["linux_amd64"]);
  const given = four(`${place.path}/b`).set;
  await given.prepare();
  await given.discard();
  await assertRejects(
    () => given.receive(["1"], give(files(packets.folder("late")))),
    ProtocolError,
  );
  assertEquals(await names(place.path), ["new"]);
});

Deno.test("two outputs at one place, or one in the other, are refused before anything is made", async () => {
  await using place = await scratch();
  const at = (name: string) => `${place.path}/${name}`;
  await Deno.mkdir(at("real"));
  await Deno.symlink(at("real"), at("link"));
  const folder = (name: string) => new FolderExporter(at(name), LIMITS);
  const file = (name: string) => new ArchiveFile(at(name), LIMITS);
  const { stream } = sink();
  const stdout = new ArchiveStream(stream, LIMITS);
  const same = "both go to the same place";
  const local = (name: string) => `local ${JSON.stringify(at(name))}`;
  const tar = (name: string) => `tar ${JSON.stringify(at(name))}`;
  for (
    const [first, second, why] of [
      [folder("a"), folder("a"), same],
      [folder("a/../b"), folder("b/."), same],
      [folder("link/a"), folder("real/a"), same],
      [file("real/a"), file("link/a"), same],
      [stdout, new ArchiveStream(stream, LIMITS), same],
      [
        folder("a"),
        folder("a/b"),
        `${local("a/b")} would lie in ${local("a")}`,
      ],
      [
        folder("link/b/c"),
        folder("real"),
        `${local("link/b/c")} would lie in ${local("real")}`,
      ],
      [
        file("a/b.tar"),
        folder("a"),
        `${tar("a/b.tar")} would lie in ${local("a")}`,
      ],
    ] as [Exporter, Exporter, string][]
  ) {
    const type = (exporter: Exporter) =>
      exporter.wire === "packets" ? "local" : "tar";
    const exporters = why === same ? [first, second] : [
      file("other"),
      first,
      second,
    ];
    const set = new ExportSet(
      exporters.map((exporter) => ({ type: type(exporter), exporter })),
    );
    const error = await assertRejects(() => set.prepare(), ExportError);
    assert(error.message.startsWith("Cannot export to "), error.message);
    assert(error.message.endsWith(`: ${why}`), error.message);
    assertEquals(await names(place.path), ["link", "real"]);
    assertEquals(await names(at("real")), []);
    await set.discard(error);
  }
  // Beside each other, and with names of which one begins with the other.
  const set = new ExportSet(
    [folder("a"), folder("ab"), file("a.tar"), folder("real/x")].map((
      exporter,
    ) => ({ type: "local", exporter })),
  );
  await set.prepare();
  await set.discard();
  assertEquals(await names(place.path), ["link", "real"]);
});

Deno.test("an export that is alone is not compared, and comes without a name", async () => {
  await using place = await scratch();
  const exporter = new ArchiveFile(`${place.path}/a.tar`, LIMITS);
  exporter.place = () => Promise.reject(new Error("nobody asks"));
  const set = new ExportSet([{ type: "moby" }, { type: "tar", exporter }]);
  await set.prepare();
  await set.receive([], give(pieces("x")));
  assertEquals((await set.commit()).map(({ bytes }) => bytes), [1]);
  // Of two, the engine has to name each.
  const two = new ExportSet(["b", "c"].map((name) => ({
    type: "tar",
    exporter: new ArchiveFile(`${place.path}/${name}`, LIMITS),
  })));
  await two.prepare();
  await assertRejects(() => two.receive([], give(pieces("x"))), ProtocolError);
  await two.discard();
});

Deno.test("when one can't be put in its place, the error says which are and which are not", async () => {
  await using place = await scratch();
  const { set, log } = four(place.path);
  await set.prepare();
  await sendAll(set);
  // Somebody has put a folder where the archive belongs.
  await Deno.mkdir(`${place.path}/new/a.tar`);
  const error = await assertRejects(
    () => set.commit(["image a:1"]),
    ExportError,
  );
  const at = (name: string) => JSON.stringify(`${place.path}/new/${name}`);
  assert(
    error.message.startsWith(
      `Cannot export to ${at("a.tar")}: it can't be put in its place`,
    ),
    error.message,
  );
  assert(
    error.message.endsWith(
      `; already in place: image a:1, local ${
        at("folder")
      }; not exported: oci to a stream`,
    ),
    error.message,
  );
  assert(error.cause instanceof ExportError);
  await set.discard(error);
  assertEquals(await names(`${place.path}/new`), ["a.tar", "folder"]);
  assertEquals(log.at(-1), `aborted: ${error.message}`);
});

Deno.test("the error of a single output is as it is, and keeps what was moved", async () => {
  const failing = (error: Error): Exporter =>
    ({
      dest: "a",
      canStage: true,
      received: () => Promise.resolve(),
      commit: () => Promise.reject(error),
      discard: () => Promise.resolve(),
    }) as unknown as Exporter;
  const half = new ExportError("half way", { moved: ["x"] });
  const single = new ExportSet([{ type: "local", exporter: failing(half) }]);
  assertEquals(await assertRejects(() => single.commit()), half);
  const imaged = await assertRejects(
    () => single.commit(["image a"]),
    ExportError,
  );
  assertEquals(imaged.message, "half way; already in place: image a");
  assertEquals(imaged.moved, ["x"]);
  const other = new ExportSet([
    { type: "local", exporter: failing(new Error("odd")) },
    { type: "tar", exporter: { ...failing(half), dest: "b" } },
  ]);
  const odd = await assertRejects(() => other.commit(), ExportError);
  assertEquals(odd.message, 'odd; not exported: tar "b"');
  assertEquals(odd.moved, []);
});

Deno.test("folders that were made above several destinations are removed with the last of them", async () => {
  await using place = await scratch();
  const at = (name: string) => `${place.path}/new/deep/${name}`;
  const set = new ExportSet([
    { type: "local", exporter: new FolderExporter(at("a"), LIMITS) },
    { type: "tar", exporter: new ArchiveFile(at("b.tar"), LIMITS) },
  ]);
  await set.prepare();
  assertEquals((await names(place.path)).length, 1);
  await set.discard();
  assertEquals(await names(place.path), []);
  // Also where the first can't be put in its place, and removes its own before
  // the other does.
  const late = new ExportSet([
    { type: "tar", exporter: new ArchiveFile(at("b.tar"), LIMITS) },
    { type: "local", exporter: new FolderExporter(at("a"), LIMITS) },
  ]);
  await late.prepare();
  await late.receive(["0"], give(pieces("x")));
  await late.receive(["1"], give(files()));
  await Deno.mkdir(at("b.tar"));
  const error = await assertRejects(() => late.commit(), ExportError);
  await Deno.remove(at("b.tar"));
  await late.discard(error);
  assertEquals(await names(place.path), []);
});

Deno.test("all are discarded, also where one can't be", async () => {
  const log: string[] = [];
  const stub = (name: string, fails: boolean): Exporter =>
    ({
      dest: name,
      discard: (reason: Error) => {
        log.push(`${name} ${reason.message}`);
        return fails
          ? Promise.reject(new Error(`no ${name}`))
          : Promise.resolve();
      },
    }) as unknown as Exporter;
  const set = new ExportSet([
    { type: "local", exporter: stub("a", true) },
    { type: "local", exporter: stub("b", true) },
    { type: "local", exporter: stub("c", false) },
  ]);
  const error = await assertRejects(() => set.discard(new Error("over")));
  assertEquals(error.message, "no b");
  assertEquals(log, ["c over", "b over", "a over"]);
});

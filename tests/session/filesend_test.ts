import { create, toBinary } from "@bufbuild/protobuf";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { ArchiveStream } from "../../lib/exporter/archive_stream.ts";
import { ExportSet } from "../../lib/exporter/export_set.ts";
import type { Exporter } from "../../lib/exporter/exporter.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { BytesMessageSchema } from "../proto/gen/filesync_pb.ts";
import { filesendService } from "../../lib/session/filesend.ts";
import { delay } from "../engines/process.ts";
import { names, scratch } from "../exporter/scratch.ts";
import { packets } from "../exporter/script.ts";
import {
  type EngineCall,
  type EnginePeer,
  withEnginePeer,
} from "./engine_peer.ts";

const SEND = "/moby.filesync.v1.FileSend/DiffCopy";
const HEALTH = "/grpc.health.v1.Health/Check";
const LIMITS = { maxEntries: 1000, maxBytes: 10_000_000 };
const { data, end, file, finish, folder, symlink } = packets;

/** Plays an engine to an exporter; what it failed with goes to the caller. */
async function sendTo(
  exporter: Exporter,
  use: (engine: EnginePeer) => Promise<void>,
): Promise<{ failures: Error[]; errors: unknown[] }> {
  const failures: Error[] = [];
  await exporter.prepare();
  const methods = filesendService(
    new ExportSet([{ type: "local", exporter }]),
    {
      onError: (error) => failures.push(error),
    },
  );
  const errors = await withEnginePeer(methods, use);
  return { failures, errors };
}

async function isHealthy(engine: EnginePeer): Promise<void> {
  assertEquals((await engine.ask(HEALTH, new Uint8Array(0))).status, "0");
}

/** Waits for that many packets, and asks for health meanwhile. */
async function answers(
  engine: EnginePeer,
  call: EngineCall,
  count: number,
): Promise<void> {
  while (call.received.length < count) {
    await isHealthy(engine);
    await delay(1); // all in memory: without a pause no module would be loaded
  }
}

for (
  const [name, script, words] of [
    ["a path that leads out", () => [file("../outside/x", 1)], "leads out"],
    ["an absolute path", () => [file("/etc/davit", 1)], "absolute"],
    [
      "a file behind a link",
      () => [symlink("a", "/tmp"), file("a/x", 1), end()],
      "out of order",
    ],
    ["content nobody asked for", () => [data(7, "x")], "not asked for"],
    [
      "too many entries",
      function* () {
        for (let count = 0; count < 5000; count++) {
          yield folder(String(count).padStart(8, "0"));
        }
      },
      "maxEntries",
    ],
    ["bytes that are none", () => [Uint8Array.of(0xff, 0xff)], "be read"],
  ] as [string, () => Iterable<Uint8Array>, string][]
) {
  Deno.test(`filesendService refuses ${name}, and the session goes on`, async () => {
    await using place = await scratch();
    await Deno.mkdir(`${place.path}/outside`);
    const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
    const { failures, errors } = await sendTo(exporter, async (engine) => {
      const call = engine.call(SEND);
      for (const packet of script()) await call.send(packet);
      const { status, message } = await call.ended;
      assertEquals(status, "9"); // failed precondition
      assertStringIncludes(decodeURIComponent(message), words);
      await isHealthy(engine);
    });
    assertEquals(errors, []);
    assertEquals(failures.length, 1);
    assertStringIncludes(failures[0]!.message, words);
    await exporter.discard();
    assertEquals(await names(place.path), ["outside"]);
    assertEquals(await names(`${place.path}/outside`), []);
  });
}

Deno.test("filesendService ends a transfer that is given up in the middle, and leaves nothing", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
  const { failures } = await sendTo(exporter, async (engine) => {
    const call = engine.call(SEND);
    await call.send(file("a", 5_000_000));
    await call.send(end());
    await answers(engine, call, 1);
    await call.send(data(0, new Uint8Array(100_000)));
    call.end();
    assertEquals((await call.ended).status, "9");
    await isHealthy(engine);
  });
  assertStringIncludes(failures[0]!.message, "before all of it was sent");
  await exporter.discard();
  assertEquals(await names(place.path), []);
});

Deno.test("filesendService takes no more than its consumer does, and answers health meanwhile", async () => {
  let taken = 0;
  const gate = Promise.withResolvers<void>();
  const exporter = new ArchiveStream(
    new WritableStream<Uint8Array>({
      async write(bytes) {
        await gate.promise;
        taken += bytes.length;
      },
    }),
    { maxEntries: 0, maxBytes: 1e9 },
  );
  const piece = toBinary(
    BytesMessageSchema,
    create(BytesMessageSchema, { data: new Uint8Array(1_000_000) }),
  );
  const { failures } = await sendTo(exporter, async (engine) => {
    const call = engine.call(SEND);
    let sent = 0;
    const sending = (async () => {
      while (sent < 100) {
        await call.send(piece);
        sent++;
      }
      call.end();
    })();
    // As many turns as an unbounded receiver would need by far.
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let turn = 0; turn < 50; turn++) await isHealthy(engine);
    }
    assert(sent < 90, `${sent} of 100 were taken`);
    assertEquals(taken, 0);
    gate.resolve();
    await sending;
    assertEquals((await call.ended).status, "0");
  });
  assertEquals(failures, []);
  const { bytes } = await exporter.commit();
  assertEquals([bytes, taken], [100_000_000, 100_000_000]);
});

Deno.test("filesendService takes a tree to its end", async () => {
  await using place = await scratch();
  const exporter = new FolderExporter(`${place.path}/dest`, LIMITS);
  const { failures, errors } = await sendTo(exporter, async (engine) => {
    const call = engine.call(SEND);
    await call.send(file("a", 1));
    await call.send(end());
    await answers(engine, call, 1);
    await call.send(data(0, "x"));
    await call.send(data(0, ""));
    await answers(engine, call, 2);
    await call.send(finish());
    assertEquals((await call.ended).status, "0");
  });
  assertEquals([failures, errors], [[], []]);
  await exporter.commit();
  assertEquals(await names(`${place.path}/dest`), ["a"]);
});

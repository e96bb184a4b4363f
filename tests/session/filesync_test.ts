import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import type { Local, LocalRequest } from "../../lib/fsutil/local.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { connectGrpc } from "../../lib/grpc/client.ts";
import type { GrpcClientCall } from "../../lib/grpc/client_call.ts";
import { filesyncService } from "../../lib/session/filesync.ts";
import { Session } from "../../lib/session/session.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { ScriptedEngine } from "../fsutil/scripted_engine.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** What a folder is asked for by a call with this metadata. */
async function requestOf(
  metadata: Readonly<Record<string, readonly string[]>>,
): Promise<LocalRequest> {
  const asked: LocalRequest[] = [];
  const told: LocalRequest[] = [];
  const local: Local = {
    entries(request) {
      asked.push(request);
      return [][Symbol.iterator]();
    },
    content: () => new Uint8Array(0),
  };
  const [method] = filesyncService(new Map([["context", local]]), {
    onError() {},
    onSent(name, counts, request) {
      assertEquals([name, counts.files], ["context", 0]);
      told.push(request);
    },
  });
  const engine = new ScriptedEngine({ onListed: (engine) => engine.finish() });
  await method!.handle({
    ...engine.stream,
    metadata: (key) => [...metadata[key] ?? []],
  });
  assertEquals(told, asked);
  return asked[0]!;
}

Deno.test("filesyncService() reads patterns as engines of either age send them", async () => {
  const nothing = { include: [], exclude: [], follow: [] };
  assertEquals(await requestOf({ "dir-name": ["context"] }), nothing);
  // Up to 24: UTF-8 as it is, byte by byte.
  assertEquals(
    await requestOf({
      "dir-name": ["context"],
      "exclude-patterns": ["a+b %41", "\xc3\xa9"],
      "followpaths": ["x y"],
    }),
    { include: [], exclude: ["a+b %41", "é"], follow: ["x y"] },
  );
  // Newer ones: as in a form, where one of them is not ASCII, key by key.
  assertEquals(
    await requestOf({
      "dir-name": ["context"],
      "exclude-patterns": ["a%2Bb+%2541", "%C3%A9"],
      "exclude-patterns-encoded": ["1"],
      "followpaths": ["a+b%41"],
    }),
    { include: [], exclude: ["a+b %41", "é"], follow: ["a+b%41"] },
  );
});

Deno.test("filesyncService() offers nothing by another name", async () => {
  for (const name of ["", "dockerfile", "..", "/etc", "__proto__"]) {
    await assertRejects(
      () => requestOf({ "dir-name": [name] }),
      Error,
      "no folder is offered",
    );
  }
});

Deno.test("files that are asked for together go out in few writes", async () => {
  const count = 200;
  await withTempFolder(async (root) => {
    const names = Array.from({ length: count }, (_, n) => `file${n}`);
    await writeTree(
      root,
      Object.fromEntries(names.map((name) => [name, name])),
    );
    const [ours, theirs] = duplexPair();
    let writes = 0;
    const session = new Session(filesyncService(
      new Map([["context", new FolderLocal(await Deno.realPath(root))]]),
      { onError() {}, onSent() {} },
    ));
    const served = session.serve(counting(ours, () => writes++));
    await using engine = connectGrpc(theirs);
    const path = "/moby.filesync.v1.FileSync/DiffCopy";
    const metadata = [["dir-name", "context"]] as const;
    await using call = await engine.open(path, { metadata });
    while ((await readNext(call)).type !== "end of the list");
    // The first file loads what the others need.
    await call.write(new PacketWriter().request(0));
    await readEnds(call, 1);
    writes = 0;
    for (let id = 1; id < count; id++) {
      await call.write(new PacketWriter().request(id));
    }
    await readEnds(call, count - 1);
    await call.write(new PacketWriter().finish());
    session.close();
    await served;
    assert(writes < count / 4, `${writes} writes for ${count - 1} files`);
  });
});

/** The same connection, with each write told. */
function counting(
  { readable, writable }: ByteDuplex,
  onWrite: () => void,
): ByteDuplex {
  const through = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onWrite();
      controller.enqueue(new Uint8Array(chunk));
    },
  });
  through.readable.pipeTo(writable).catch(() => {}); // the end of the session
  return { readable, writable: through.writable };
}

/** The next packet of a transfer. */
async function readNext(
  call: GrpcClientCall,
): Promise<{ type: number | "end of the list"; length: number }> {
  const bytes = await call.read();
  if (bytes === null) throw new Error("the transfer ended early");
  const { type, data } = readPacket(bytes);
  return {
    type: bytes.length === 0 ? "end of the list" : type,
    length: data.length,
  };
}

/** Reads until so many files have come to their end. */
async function readEnds(call: GrpcClientCall, files: number): Promise<void> {
  while (files > 0) if ((await readNext(call)).length === 0) files--;
}

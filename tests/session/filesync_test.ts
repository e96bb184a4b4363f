import { filesyncService } from "../../lib/session/filesync.ts";
import type { Local, LocalRequest } from "../../lib/fsutil/local.ts";
import { ScriptedEngine } from "../fsutil/scripted_engine.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

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

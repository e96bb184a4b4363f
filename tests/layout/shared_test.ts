import { lockByFile } from "../../lib/layout/lock.ts";
import { HeldFolder } from "../../lib/exporter/held_folder.ts";
import { LayoutError } from "../../lib/layout/layout_error.ts";
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { tagsOf } from "../../lib/layout/index_file.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { names, openFiles, scratch } from "../exporter/scratch.ts";
import { until, untilQuiet } from "../support/until.ts";
import { digestOf, entryOf, load, store, withLayout } from "./layouts.ts";

/** A program that uses a layout. */
function program(...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check"],
      new URL("shared_program.ts", import.meta.url).href,
      ...args,
    ],
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("programs that use one folder at once lose nothing of each other's", async () => {
  await using place = await scratch();
  const path = `${place.path}/layout`;
  const [programs, count] = [3, 8];
  const outputs = await Promise.all(
    Array.from(
      { length: programs },
      (_, index) => program(path, "tags", `p${index}`, `${count}`).output(),
    ),
  );
  for (const { success, stderr } of outputs) {
    assert(success, new TextDecoder().decode(stderr));
  }
  assertEquals(await names(path), [
    "blobs",
    "index.json",
    "ingest",
    "oci-layout",
  ]);
  await withLayout(path, "read", async (layout) => {
    const index = await layout.index();
    assertEquals(index?.manifests.length, programs * count);
    for (const { digest } of index!.manifests) {
      const tag = (await load(layout, digest))!.replace(" ", "-");
      assert(tagsOf(index!).includes(tag), tag);
    }
    assertEquals(
      await load(layout, await digestOf("common to all")),
      "common to all",
    );
  });
});

Deno.test("builds of one program that use one folder at once lose nothing, either", async () => {
  await using place = await scratch();
  await Promise.all(
    Array.from(
      { length: 20 },
      (_, index) =>
        withLayout(place.path, "write", async (layout) => {
          await store(layout, "common");
          await layout.put(await entryOf("common"), [{ tag: `t${index}` }]);
        }),
    ),
  );
  await withLayout(place.path, "read", async (layout) => {
    assertEquals(tagsOf((await layout.index())!).length, 20);
  });
});

Deno.test("builds that open and leave an empty folder at once are not in each other's way", async () => {
  await using place = await scratch();
  const path = `${place.path}/layout`;
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from(
        { length: 12 },
        () =>
          withLayout(path, "write", async (layout) => {
            await layout.begin({})![Symbol.asyncDispose]();
          }),
      ),
    );
    // Who has made them may have left before the others.
    for (const name of await names(place.path)) {
      const left = await names(`${place.path}/${name}`);
      assert(left.every((name) => name === "ingest"), `${left}`);
    }
  }
});

Deno.test("what a crash leaves is no content, and is removed by the next one", async () => {
  await using place = await scratch();
  const path = `${place.path}/layout`;
  const crashed = program(path, "hang").spawn();
  const said = new Response(crashed.stderr).text();
  const reader = crashed.stdout.getReader();
  const { done } = await reader.read();
  assert(!done, done ? await said : "");
  const [area] = await names(`${path}/ingest`);
  // It is used: nobody else removes it, however often the lock is asked for.
  await withLayout(path, "write", async (layout) => {
    assertEquals((await names(`${path}/ingest`)).length, 2);
    assertEquals(await layout.collect(), undefined);
    await withLayout(path, "write", async () => {
      assert((await names(`${path}/ingest`)).includes(area!));
    });
  });
  crashed.kill("SIGKILL");
  await crashed.status;
  await reader.cancel();
  await said;
  assertEquals((await names(`${path}/ingest/${area}`)).length, 1);
  await withLayout(path, "read", async (layout) => {
    assertEquals(layout.info(await digestOf("never whole")), undefined);
    assertEquals(await layout.index(), undefined);
  });
  assertEquals(await names(`${path}/ingest`), [area]);
  await withLayout(path, "write", async () => {
    const left = await names(`${path}/ingest`);
    assertEquals([left.length, left.includes(area!)], [1, false]);
  });
});

Deno.test("what somebody uses is not removed, even when its lock was free for a moment", async () => {
  await using place = await scratch();
  await using one = await LayoutFolder.open(place.path, "write");
  const writer = one.begin({})!;
  await withLayout(place.path, "read", async () => {
    assertEquals(await one.collect(), undefined);
  });
  await withLayout(place.path, "write", () => Promise.resolve());
  await writer.write(new TextEncoder().encode("kept"));
  assertEquals(await writer.commit({}), await digestOf("kept"));
});

Deno.test("who opens a folder waits for the one who is alone there", async () => {
  await using place = await scratch();
  const alone = await Deno.open(place.path);
  await alone.lock(true);
  const opened: string[] = [];
  const waiting = (["read", "write"] as const).map((use) =>
    withLayout(place.path, use, () => Promise.resolve(void opened.push(use)))
  );
  await untilQuiet(openFiles, () => {});
  assertEquals(opened, []);
  alone.close();
  await Promise.all(waiting);
  assertEquals(opened.sort(), ["read", "write"]);
});

Deno.test("index.json is changed by one at a time, by the lock that buildx has", async () => {
  await using place = await scratch();
  const path = place.path;
  await using layout = await LayoutFolder.open(path, "write");
  // As buildx locks: a file that may be there, and is removed.
  const theirs = await Deno.open(`${path}/index.json.lock`, {
    read: true,
    write: true,
    create: true,
  });
  await theirs.lock(true);
  let isDone = false;
  const put = (async () => {
    await layout.put(await entryOf("x"), [{ tag: "latest" }]);
    isDone = true;
  })();
  await untilQuiet(openFiles, () => {});
  assertEquals([isDone, (await names(path)).includes("index.json")], [
    false,
    false,
  ]);
  await Deno.remove(`${path}/index.json.lock`);
  theirs.close();
  await put;
  assertEquals(
    (await names(path)).filter((name) => name.startsWith("index")),
    ["index.json"],
  );
});

Deno.test("a lock that was left is taken, and each has it alone", async () => {
  await using place = await scratch();
  using folder = HeldFolder.open(place.path);
  await Deno.writeTextFile(`${place.path}/l`, "");
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 30 }, async () => {
      await using _lock = await lockByFile(folder, "l");
      most = Math.max(most, ++holders);
      await until(() => true, "a moment passes");
      await new Promise((resolve) => setTimeout(resolve, 0));
      holders--;
    }),
  );
  assertEquals([most, holders], [1, 0]);
  const before = openFiles();
  {
    await using _lock = await lockByFile(folder, "l");
    await Deno.remove(`${place.path}/l`); // by another program
  }
  assertEquals(openFiles(), before);
  assertEquals(await names(place.path), []);
});

/** Locks a file or folder as a program does that never gives it back. */
async function locked(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path);
  await file.lock(true);
  return file;
}

Deno.test("who waits for a lock is stopped by a signal, or after a time", async () => {
  if ((Deno.FsFile.prototype as Partial<Deno.FsFile>).tryLock === undefined) {
    return; // it can't be ended before Deno 2.7.1
  }
  await using place = await scratch();
  const path = `${place.path}/layout`;
  await withLayout(path, "write", async (layout) => {
    await layout.put(await entryOf("one"), [{ tag: "one" }]);
  });
  const before = openFiles();
  for (const use of ["read", "write"] as const) {
    using _theirs = await locked(path);
    const error = await assertRejects(
      () => LayoutFolder.open(path, use, { maxMs: 1 }),
      LayoutError,
      "it is locked by another program (flock)",
    );
    assertEquals(error.path, path);
    const stop = new AbortController();
    await using stores = new LayoutStores({ signal: stop.signal });
    const opening = stores.open("id", path, use);
    stop.abort(new Error("stopped"));
    assertStringIncludes(`${await opening.catch(String)}`, "stopped");
  }
  const stop = new AbortController();
  for (const wait of [{ maxMs: 1 }, { signal: stop.signal }]) {
    await using layout = await LayoutFolder.open(path, "write", wait);
    await Deno.writeTextFile(`${path}/index.json.lock`, "");
    using _theirs = await locked(`${path}/index.json.lock`);
    const put = layout.put(await entryOf("two"), [{ tag: "two" }]);
    stop.abort(new Error("stopped"));
    assertStringIncludes(
      `${await put.catch(String)}`,
      wait.signal === undefined
        ? "index.json: index.json.lock is locked by another program (flock)"
        : "stopped",
    );
  }
  assertEquals(openFiles(), before);
  await withLayout(path, "write", async (layout) => {
    await layout.put(await entryOf("three"), [{ tag: "three" }]);
    assertEquals(tagsOf((await layout.index())!), ["one", "three"]);
  });
});

Deno.test({
  name:
    "root writes no layout where others may write and folders can't be held, and changes nothing there",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  async fn() {
    for (const how of [0o777, 0o1777, 0o775, "owner", "root's alone"]) {
      await using place = await scratch();
      const path = `${place.path}/layout`;
      await Deno.mkdir(path);
      if (typeof how === "number") await Deno.chmod(path, how);
      if (how === "owner") await Deno.chown(path, 12345, 12345);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-check", "--no-prompt"],
          ...[`--allow-read=${place.path}`, `--allow-write=${place.path}`],
          new URL("shared_program.ts", import.meta.url).href,
          ...[path, "tags", "a", "1"],
        ],
      }).output();
      const said = new TextDecoder().decode(stderr);
      assertEquals(success, how === "root's alone", said);
      if (success) continue;
      assertStringIncludes(said, "as root: others may write there");
      assertEquals(await names(path), []);
    }
  },
});

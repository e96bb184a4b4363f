// What the system says is said for it here: the replaced function is the one
// that the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import { ContextFilter } from "../../lib/context/filter.ts";
import { MemoryFiles } from "../../lib/context/memory_files.ts";
import { tarHeader } from "../../lib/context/tar_header.ts";
import { type TarContents, TarSource } from "../../lib/context/tar_stream.ts";
import { ContextError, tarDirectory } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { walkContext } from "../support/walk.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const CHUNK = 512 * 1024;

const encoder = new TextEncoder();

async function chunksOf(
  contents: Partial<TarContents>,
): Promise<{ chunks: Bytes[]; files: number }> {
  const source = new TarSource(() =>
    Promise.resolve({
      root: undefined,
      filter: new ContextFilter(),
      ...contents,
    })
  );
  const stream = new ReadableStream(source, { highWaterMark: 0 });
  const chunks = await Array.fromAsync(stream as AsyncIterable<Bytes>);
  return { chunks, files: source.files };
}

/** The same by hand: headers, contents, zeros. */
async function expected(
  root: string,
  filter?: ContextFilter,
  latestMs: number = Infinity,
): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (const entry of walkContext(root, filter)) {
    let mtimeMs = Math.min(entry.mtimeMs, latestMs);
    if (parts.length === 0) mtimeMs -= mtimeMs % 1000;
    parts.push(tarHeader(entry, mtimeMs));
    if (entry.type !== "file" || entry.hardlink !== undefined) continue;
    const bytes = await Deno.readFile(`${root}/${entry.path}`);
    parts.push(bytes, new Uint8Array((512 - bytes.length % 512) % 512));
  }
  parts.push(new Uint8Array(1024));
  return await new Blob(parts).bytes();
}

function pattern(length: number, seed: number): Bytes {
  return new Uint8Array(length).map((_, at) => (at * 7 + seed) % 251 + 1);
}

Deno.test("TarSource gives full chunks, wherever they end", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { z: "behind" });
    // Around the end of a chunk, of a block, of a header, and of what is read at once.
    const sizes = [0, 1, 511, 512, 513, 65_535, 65_536, 65_537]
      .concat([-2048, -1536, -1024, -513, -512, -511, -1, 0, 1, 512, 1024])
      .map((size, index) => index < 8 ? size : CHUNK - 512 + size)
      .concat(2 * CHUNK - 3072, 2 * CHUNK + 1);
    for (const size of sizes) {
      await Deno.writeFile(`${root}/a`, pattern(size, size));
      const { chunks, files } = await chunksOf({ root });
      const bytes = await new Blob(chunks).bytes();
      assertEquals(files, 2);
      assert(
        chunks.every(({ length }, index) =>
          length === CHUNK || index === chunks.length - 1 && length > 0
        ),
        `${size}: ${chunks.map(({ length }) => length).join()}`,
      );
      const want = await expected(root);
      assertEquals(bytes.length, want.length, `${size}`);
      assert(bytes.every((byte, at) => byte === want[at]), `${size}`);
    }
  });
});

Deno.test("TarSource puts what is first first, files of no folder before, and memory in its place", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "Dockerfile": "real",
      "a": "1",
      "d/x": "2",
      "d/y": "33",
      "out/z": "4",
      "ignored": "5",
      "over": "below",
    });
    const memory = await MemoryFiles.of(
      new Map([
        ["over", {
          content: encoder.encode("above"),
          mode: 0o640,
          mtimeMs: 1500,
        }],
        ["d/m", { content: encoder.encode("m"), mode: 0o600, mtimeMs: 2500 }],
        ["first-m", { content: encoder.encode("f"), mode: 0o600, mtimeMs: 1 }],
      ]),
    );
    const contents = {
      root,
      filter: new ContextFilter({ exclude: ["ignored", "d/y"] }),
      first: ["first-m", "ignored", "d", "nowhere", "out/z", "given", "d/y"],
      files: new Map([["given", encoder.encode("given bytes")]]),
      memory,
      without: ["out", "out/z", "a"],
    };
    const list = async (given: Partial<TarContents>) => {
      const { chunks, files } = await chunksOf(given);
      const child = new Deno.Command("tar", {
        args: ["-tvf", "-", "--full-time", "--numeric-owner"],
        env: { TZ: "UTC" },
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const output = child.output();
      const writer = child.stdin.getWriter();
      for (const chunk of chunks) await writer.write(chunk);
      await writer.close();
      const lines = new TextDecoder().decode((await output).stdout).trim()
        .split("\n").map((line) => line.split(/\s+/));
      return { files, lines };
    };
    const { files, lines } = await list(contents);
    assertEquals(lines.map((line) => line.at(-1)), [
      "given",
      "first-m",
      "ignored",
      "d/y",
      "Dockerfile",
      "d/",
      "d/m",
      "d/x",
      "over",
    ]);
    assertEquals(files, 8);
    const about = (name: string) => {
      const [mode, , size, day, time] = lines.find((line) =>
        line.at(-1) === name
      )!;
      return [mode, size, `${day} ${time}`];
    };
    assertEquals(about("given"), ["-rw-r--r--", "11", "1970-01-01 00:00:00"]);
    assertEquals(about("over"), [
      "-rw-r-----",
      "5",
      "1970-01-01 00:00:01.5",
    ]);
    assertEquals(about("d/m").slice(0, 2), ["-rw-------", "1"]);
    const { chunks } = await chunksOf(contents);
    const packedText = await new Blob(chunks).text();
    for (const content of ["given bytes\0", "above\0", "m\0\0", "2\0\0"]) {
      assert(packedText.includes(content), content);
    }
    assert(!packedText.includes("below"));
    // Without a folder.
    const alone = await list({
      filter: new ContextFilter(),
      first: ["over", "nowhere"],
      memory,
    });
    assertEquals(alone.lines.map((line) => line.at(-1)), [
      "over",
      "d/",
      "d/m",
      "first-m",
    ]);
    const nothing = await chunksOf({});
    assertEquals(nothing.chunks, [new Uint8Array(1024)]);
  });
});

Deno.test("TarSource cuts times at the latest, and parts of a second of the first entry", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1", b: "2", c: "3" });
    await Deno.utime(`${root}/a`, 1.25, 1_000_000.25);
    await Deno.utime(`${root}/b`, 1.25, 1_000_000.25);
    await Deno.utime(`${root}/c`, 1.25, 2_000_000.25);
    for (const latestMs of [undefined, 1_500_000_000, 500_000_001]) {
      const { chunks } = await chunksOf({ root, latestMs });
      assertEquals(
        await new Blob(chunks).bytes(),
        await expected(root, undefined, latestMs),
      );
    }
    // Only the first of all: engines look at no other.
    const { chunks } = await chunksOf({ root });
    const text = await new Blob(chunks).text();
    assertEquals(text.match(/mtime=/g)?.length, 2);
  });
});

Deno.test("TarSource leaves sockets out, and writes the others without content", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1" });
    await Deno.link(`${root}/a`, `${root}/b`);
    await Deno.symlink("a", `${root}/c`);
    const listener = Deno.listen({ transport: "unix", path: `${root}/s` });
    const { chunks, files } = await chunksOf({ root });
    listener.close();
    await Deno.remove(`${root}/s`).catch(() => {}); // closing takes it away
    assertEquals(files, 2);
    assertEquals(await new Blob(chunks).bytes(), await expected(root));
  });
});

Deno.test("TarSource says what can't be read, and closes what is open", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: pattern(3 * CHUNK, 1), b: "x" });
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    const failing = new TarSource(() => Promise.reject(new Error("no root")));
    await assertRejects(
      () => new Response(new ReadableStream(failing)).bytes(),
      Error,
      "no root",
    );
    // A file that is shorter, and how much of it is missing.
    for (const [left, missing] of [[1000, 3 * CHUNK - 1000], [0, 3 * CHUNK]]) {
      await writeTree(root, { a: pattern(3 * CHUNK, 1) });
      const contents = { root, filter: new ContextFilter() };
      const source = new TarSource(() => Promise.resolve(contents));
      const { lstatSync } = Deno;
      Deno.lstatSync = (path) => {
        const info = lstatSync(path);
        if (String(path) === `${root}/a`) Deno.truncateSync(`${root}/a`, left);
        return info;
      };
      try {
        const error = await assertRejects(
          () => new Response(new ReadableStream(source)).bytes(),
          ContextError,
        );
        assert(
          error.message.includes(`a became ${missing} bytes shorter`),
          error.message,
        );
      } finally {
        Deno.lstatSync = lstatSync;
      }
    }
    assertEquals(open(), before);
  });
});

Deno.test("TarSource takes its hand off its signal when it is done", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1" });
    for (const end of ["read", "cancelled"]) {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...given: unknown[]) => {
        listeners++;
        addEventListener.apply(signal, given as never);
      };
      signal.removeEventListener = (...given: unknown[]) => {
        listeners--;
        removeEventListener.apply(signal, given as never);
      };
      const stream = tarDirectory(root, { signal });
      assertEquals(listeners, 1);
      if (end === "read") await new Response(stream).bytes();
      else await stream.cancel();
      assert(listeners <= 0, `${listeners} after it was ${end}`);
    }
  });
});

Deno.test("tarDirectory() refuses options of the wrong form, and obeys those of the right one", async () => {
  const refused: readonly (readonly [unknown, unknown, string])[] = [
    ["", {}, "a folder is its path"],
    [new URL("http://a.example/"), {}, "a folder is its path"],
    [".", { sourceDateEpoch: 1.5 }, "whole seconds"],
    [".", { sourceDateEpoch: "1" }, "whole seconds"],
    [".", { ignore: "a" }, "list of patterns"],
    [".", { ignored: [] }, "ignored"],
  ];
  for (const [path, options, words] of refused) {
    assertThrows(
      () => tarDirectory(path as string, options as object),
      TypeError,
      words,
    );
  }
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1", b: "2", "x.dockerignore": "b\n" });
    await Deno.utime(`${root}/a`, 5, 9);
    const text = async (path: string | URL, options: object) =>
      await new Response(tarDirectory(path, options)).text();
    const url = new URL(`file://${root}/`);
    assertEquals(await text(url, {}), await text(root, {}));
    assert(!(await text(root, { dockerfile: "x" })).includes("b\0"));
    const zero = await text(root, { sourceDateEpoch: 0, ignore: ["b"] });
    assert(!zero.includes("b\0"));
    assertEquals(zero.slice(136, 147), "00000000000");
    const late = await text(root, { sourceDateEpoch: 7, ignore: ["b", "x*"] });
    assertEquals(late.slice(136, 147), "00000000007");
    const early = await text(root, { sourceDateEpoch: 10, ignore: ["b"] });
    assertEquals(early.slice(136, 147), "00000000011");
  });
});

/** What was built, read through a bridge whose answers a test decides. */
import { Bridge, type BridgeAsk } from "../../lib/buildkit/bridge.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import {
  type BuiltFiles,
  builtFiles,
} from "../../lib/imagebuild/files/built_files.ts";
import { entryOf } from "../../lib/imagebuild/files/built_entry.ts";
import { BuiltFileError } from "../../lib/imagebuild/files/built_file_error.ts";
import { ResultTree } from "../../lib/imagebuild/files/result_tree.ts";
import type { BuildResult } from "../../lib/imagebuild/result.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const MIB = 1024 * 1024;

const STAT = {
  path: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 3 * MIB,
  modTime: 1_700_000_000_123_000_000,
  linkname: "",
};

/** A tree of one file that has numbers for bytes. */
class Served {
  readonly calls: string[] = [];
  /** How many calls are open. */
  open = 0;
  most = 0;
  readonly over = new AbortController();
  readonly files: BuiltFiles;
  ended = 0;
  fails: unknown;
  /** How many bytes the file really has. */
  content: number;

  constructor(
    stat: typeof STAT = STAT,
    refs: ReadonlyMap<string, string> = new Map([["", "id"]]),
  ) {
    this.content = stat.size;
    const ask: BridgeAsk = async ({ path }, request, { signal }) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const { ref, range } = request as {
        ref: string;
        range?: { offset: number; length: number };
      };
      this.calls.push(
        `${name} ${ref}${range ? ` ${range.offset}+${range.length}` : ""}`,
      );
      this.most = Math.max(this.most, ++this.open);
      await new Promise((resolve) => setTimeout(resolve));
      this.open--;
      signal.throwIfAborted();
      if (this.fails !== undefined) throw this.fails;
      if (name === "StatFile") return stat as never;
      if (name === "ReadDir") return [stat] as never;
      const { offset, length } = range!;
      const end = Math.min(offset + length, this.content);
      return new Uint8Array(Math.max(0, end - offset)).fill(7) as never;
    };
    this.files = builtFiles(
      new ResultTree(new Bridge(ask), refs, undefined, this.over.signal),
      {} as BuildResult,
      () => {
        this.ended++;
        return Promise.resolve();
      },
    );
  }
}

Deno.test("a file is read in pieces of 1 MiB, one at a time, and fetched only when it is read", async () => {
  const served = new Served();
  const bytes = await served.files.readFile("/f");
  assertEquals(bytes.length, 3 * MIB);
  assertEquals(served.calls, [
    "StatFile id",
    `ReadFile id 0+${MIB}`,
    `ReadFile id ${MIB}+${MIB}`,
    `ReadFile id ${2 * MIB}+${MIB}`,
  ]);
  served.calls.length = 0;
  const reader = served.files.streamFile("/f").getReader();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(served.calls, []);
  assertEquals((await reader.read()).value?.length, MIB);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(served.calls, ["StatFile id", `ReadFile id 0+${MIB}`]);
  await reader.cancel();
  assertEquals(served.calls.length, 2);
  assertEquals(served.most, 1);
});

Deno.test("a part of a file ends where it is to end, or where the file does", async () => {
  const read = async (options: { offset?: number; length?: number }) => {
    const served = new Served({ ...STAT, size: MIB + 10 });
    const sizes: number[] = [];
    for await (const part of served.files.streamFile("/f", options)) {
      sizes.push(part.length);
    }
    return [sizes, served.calls.slice(1)];
  };
  assertEquals(await read({ offset: 4, length: 6 }), [
    [6],
    ["ReadFile id 4+6"],
  ]);
  assertEquals((await read({ length: MIB }))[0], [MIB]);
  assertEquals((await read({ length: MIB + 5 }))[0], [MIB, 5]);
  assertEquals((await read({ offset: MIB }))[0], [10]);
  assertEquals((await read({ offset: 2 * MIB }))[0], []);
  assertEquals(await read({ length: 0 }), [[], []]);
});

Deno.test("a file that gives less than it was said to have is what came of it", async () => {
  const served = new Served({ ...STAT, size: 9 });
  served.content = 5;
  assertEquals(await served.files.readTextFile("/f"), "\x07".repeat(5));
  assertEquals(served.calls, [
    "StatFile id",
    "ReadFile id 0+9",
    "ReadFile id 5+4",
  ]);
  const empty = new Served({ ...STAT, size: 0 });
  assertEquals((await empty.files.readFile("/f")).length, 0);
  assertEquals(empty.calls, ["StatFile id"]);
});

Deno.test("a file of exactly the most that is taken is read, one byte more is not", async () => {
  const whole = new Served({ ...STAT, size: 16 * MIB });
  assertEquals((await whole.files.readFile("/f")).length, 16 * MIB);
  const more = new Served({ ...STAT, size: 16 * MIB + 1 });
  const error = await assertRejects(
    () => more.files.readFile("/f"),
    BuiltFileError,
    "at most 16777216 are taken",
  );
  assertEquals([error.code, error.path], ["too-large", "/f"]);
  assertEquals(more.calls, ["StatFile id"]);
});

Deno.test("the platforms are those that were built; nothing is read of what is none", async () => {
  const refs = new Map([["linux/amd64", "a"], ["linux/arm64", ""]]);
  const served = new Served(STAT, refs);
  assertEquals(served.files.platforms, ["linux/amd64", "linux/arm64"]);
  await served.files.stat("/f", { platform: "linux/amd64" });
  assertEquals(served.calls, ["StatFile a"]);
  const error = await assertRejects(
    () => served.files.readDir("/f", { platform: "linux/arm64" }),
    BuiltFileError,
  );
  assertEquals(error.code, "not-found");
  assertEquals(served.calls.length, 1);
  await assertRejects(
    () => served.files.stat("/f"),
    RangeError,
    'expected platform "linux/amd64", "linux/arm64"',
  );
  const one = new ResultTree(
    new Bridge(() => Promise.resolve({ ...STAT } as never)),
    new Map([["", "id"]]),
    "linux/arm64",
    served.over.signal,
  );
  assertEquals(one.platforms, ["linux/arm64"]);
  assertEquals((await one.place("/f", {}).stat()).name, "file");
  const none = new Served(STAT, new Map());
  assertEquals(none.files.platforms, []);
  await assertRejects(() => none.files.stat("/f"), BuiltFileError);
  assertEquals(await none.files.readDir("/"), []);
  await assertRejects(() => none.files.readDir("/f"), BuiltFileError);
});

Deno.test("words of the engine are told where they mean nothing else, without the place of its mounts", async () => {
  const served = new Served();
  const told = async (detail: string) => {
    served.fails = new SolveError({ code: GrpcCode.UNKNOWN, detail });
    return await assertRejects(() => served.files.stat("/f"), BuiltFileError);
  };
  const error = await told(
    "lstat /var/lib/docker/tmp/buildkit-mount123/f: too many levels of symbolic links",
  );
  assertEquals(error.code, "unreadable");
  assertEquals(
    error.message,
    'Cannot read "/f" of what was built: lstat /f: too many levels of symbolic links',
  );
  assertEquals(
    (await told("open /f: no such file or directory")).code,
    "not-found",
  );
  assertEquals((await told("read /f: is a directory")).code, "is-directory");
  assertEquals((await told("stat /f: not a directory")).code, "not-directory");
  // Whatever has such words in its middle means something else.
  assertEquals((await told("a: not a directory: of b")).code, "unreadable");
  served.fails = new TypeError("own");
  assertEquals(
    await assertRejects(() => served.files.stat("/f")),
    served.fails,
  );
});

Deno.test("the end of the build and the caller's signal end a call with their reasons", async () => {
  const served = new Served();
  const abort = new AbortController();
  const why = new Error("enough");
  const call = served.files.readFile("/f", { signal: abort.signal });
  abort.abort(why);
  assertEquals(await assertRejects(() => call), why);
  assertEquals(served.calls.length, 1);
  await served.files.stat("/f");
  const over = new Error("over");
  const stream = served.files.streamFile("/f").getReader();
  served.over.abort(over);
  assertEquals(await assertRejects(() => served.files.stat("/f")), over);
  assertEquals(await assertRejects(() => stream.read()), over);
  assertEquals(served.calls.length, 2);
  await served.files.close();
  await served.files[Symbol.asyncDispose]();
  assertEquals(served.ended, 2);
});

Deno.test("an entry has its type, its permissions and its time", () => {
  const types = [
    [0, "file"],
    [0x80000000, "directory"],
    [0x08000000, "symlink"],
    [0x02000000, "fifo"],
    [0x01000000, "socket"],
    [0x04000000, "block-device"],
    [0x04000000 + 0x00200000, "char-device"],
  ] as const;
  for (const [bits, type] of types) {
    const entry = entryOf({ ...STAT, mode: bits + 0o640, linkname: "t" }, "n");
    assertEquals(entry, {
      name: "n",
      type,
      size: STAT.size,
      mode: 0o640,
      uid: 0,
      gid: 0,
      mtime: new Date(1_700_000_000_123),
      target: type === "symlink" ? "t" : undefined,
    });
  }
  assertEquals(
    entryOf(
      { ...STAT, mode: 0x00800000 + 0x00400000 + 0x00100000 + 0o755 },
      "n",
    )
      .mode,
    0o7755,
  );
});

Deno.test("what can't be read as a file is told before it is read", async () => {
  for (
    const [mode, code] of [
      [0x80000000, "is-directory"],
      [0x02000000, "not-a-file"],
      [0x01000000, "not-a-file"],
      [0x04000000, "not-a-file"],
      [0x04200000, "not-a-file"],
    ] as const
  ) {
    const served = new Served({ ...STAT, mode });
    const error = await assertRejects(
      () => served.files.readFile("/f"),
      BuiltFileError,
    );
    assertEquals(error.code, code);
    assertEquals(served.calls, ["StatFile id"]);
  }
  const root = new Served({
    ...STAT,
    path: "buildkit-mount1",
    mode: 0x80000000,
  });
  for (
    const path of ["/", ".", "//", "./", "..", "/a/..", "a/./b/../..", "/link"]
  ) {
    assertEquals((await root.files.stat(path)).name, "", path);
  }
  const named = await root.files.stat("/a/buildkit-mount1/");
  assertEquals(named.name, "buildkit-mount1");
  const dots = new Served({ ...STAT, path: "..." });
  assertEquals((await dots.files.stat("/...")).name, "...");
  const fs = new Served({ ...STAT, path: "fs", mode: 0x80000000 });
  assertEquals((await fs.files.stat("/a/../")).name, "");
  assertEquals((await fs.files.stat("/a/../b")).name, "fs");
});

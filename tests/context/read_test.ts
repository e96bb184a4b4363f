// What the system says is said for it here: the replaced functions are those
// that the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import { FolderFile } from "../../lib/context/file.ts";
import { ContextFilter } from "../../lib/context/filter.ts";
import { findIgnoreRules } from "../../lib/context/ignore_rules.ts";
import { MemoryFiles } from "../../lib/context/memory_files.ts";
import { OwnFile } from "../../lib/context/own_file.ts";
import { readInside, readNamed } from "../../lib/context/read_inside.ts";
import { findRoot } from "../../lib/context/root.ts";
import { TarSource } from "../../lib/context/tar_stream.ts";
import { ContextError } from "../../lib/errors.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { withFreshTurns } from "../support/turns.ts";

const decoder = new TextDecoder();

function memory(files: Record<string, string | { target: string }>) {
  return MemoryFiles.of(
    new Map(
      Object.entries(files).map(([path, content]) => [path, {
        content: typeof content === "string"
          ? new TextEncoder().encode(content)
          : content,
        mode: 0o644,
        mtimeMs: undefined,
      }]),
    ),
  );
}

async function text(
  ...given: Parameters<typeof readInside>
): Promise<string | undefined> {
  const bytes = await readInside(...given);
  return bytes && decoder.decode(bytes);
}

Deno.test("readInside() follows 40 links, and no more", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "link-0": "found" });
    for (let count = 1; count <= 41; count++) {
      await Deno.symlink(`link-${count - 1}`, `${root}/link-${count}`);
    }
    assertEquals(await text(root, "link-40", "advice"), "found");
    assertEquals(await text(root, "link-41", "advice"), undefined);
    assertEquals(await text(`${root}/`, "link-1", "advice"), "found");
  });
});

Deno.test("readInside() finds paths by their parts, and nothing outside", async () => {
  await withTempFolder(async (folder) => {
    const root = `${folder}/in`;
    await writeTree(folder, { "in/a/b": "found", "in/c": "top", c: "outside" });
    for (
      const [path, expected] of [
        ["a/b", "found"],
        ["./a/./b", "found"],
        ["a//b", "found"],
        ["/a/b", "found"],
        ["a/../c", "top"],
        ["../c", "top"],
        ["../../a/../c", "top"],
        ["x/../c", "top"],
        ["a/b/c", undefined],
        ["x", undefined],
        [".", undefined],
        ["", undefined],
        ["a/..", undefined],
      ] as const
    ) assertEquals([path, await text(root, path, "advice")], [path, expected]);
    assertEquals(await text(undefined, "a/b", "advice"), undefined);
  });
});

Deno.test("readInside() reads what lies over a folder, in the place of what is hidden", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      "over": "below",
      "d/file": "below",
      "real/file": "real",
      "target": "target",
    });
    await Deno.symlink("real", `${root}/link`);
    await Deno.symlink("target", `${root}/own-link`);
    const files = await memory({
      over: "above",
      d: "a file now",
      "link/other": "in the place of a link",
      "own-link": { target: "over" },
      up: { target: "/real/file" },
    });
    for (
      const [path, alone, above] of [
        ["over", "above", "above"],
        ["d/file", undefined, undefined],
        ["d", "a file now", "a file now"],
        ["real/file", undefined, "real"],
        ["link/other", "in the place of a link", "in the place of a link"],
        ["own-link", "above", "above"],
        ["up", undefined, "real"],
      ] as const
    ) {
      assertEquals(await text(undefined, path, "x", files), alone, path);
      assertEquals(await text(root, path, "x", files), above, path);
    }
  });
});

Deno.test("what can't be read as a text is told with its reason and the advice", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/x": "", "file": "" });
    await Deno.symlink("loop", `${root}/loop`);
    const words = async (read: () => Promise<unknown>) =>
      (await assertRejects(read, ContextError)).message;
    for (
      const read of [
        readNamed,
        (path: string, advice: string) =>
          readInside(root, path.slice(root.length + 1), advice),
      ]
    ) {
      assertEquals(
        await words(() => read(`${root}/d`, "the advice")),
        `Cannot build: ${root}/d can't be read (it is a folder): the advice`,
      );
      assertEquals(await read(`${root}/none`, "x"), undefined);
      assertEquals(await read(`${root}/file/below`, "x"), undefined);
      const { stat, lstat } = Deno;
      const closed = new Deno.errors.PermissionDenied("closed");
      const failing = () => Promise.reject(closed);
      Object.assign(Deno, { stat: failing, lstat: failing });
      try {
        assertEquals(
          await words(() => read(`${root}/file`, "the advice")),
          `Cannot build: ${root}/file can't be read (closed): the advice`,
        );
        const loop = Object.assign(new Error("loop"), { code: "ELOOP" });
        const looping = () => Promise.reject(loop);
        Object.assign(Deno, { stat: looping, lstat: looping });
        const message = await words(() => read(`${root}/file`, "x"));
        assert(message.includes("became a link"), message);
        const none = Object.assign(new Error("no"), { code: "ENXIO" });
        const missing = () => Promise.reject(none);
        Object.assign(Deno, { stat: missing, lstat: missing });
        assertEquals(
          await words(() => read(`${root}/file`, "x")),
          `Cannot build: ${root}/file can't be read (it is no regular file): x`,
        );
      } finally {
        Object.assign(Deno, { stat, lstat });
      }
    }
  });
});

Deno.test("a text is read from pieces of 64 KiB, and closed behind the last, by Deno itself where nobody else can exchange the file", async () => {
  for (
    const [mode, opened] of [[0o755, OwnFile], [0o775, FolderFile]] as const
  ) {
    await withTempFolder(async (root) => {
      await Deno.chmod(root, mode);
      const bytes = new Uint8Array(3 * 65_536 + 5).map((_, at) => at % 253);
      await Deno.writeFile(`${root}/file`, bytes);
      const lengths: number[] = [];
      const { read } = opened.prototype;
      opened.prototype.read = function (
        this: OwnFile & FolderFile,
        buffer: Uint8Array<ArrayBuffer>,
      ) {
        lengths.push(buffer.length);
        return read.call(this, buffer);
      };
      try {
        const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
        const before = open();
        assertEquals(await readInside(root, "file", "x"), bytes);
        assertEquals(open(), before);
      } finally {
        opened.prototype.read = read;
      }
      assertEquals(lengths, Array.from({ length: 5 }, () => 65_536));
    });
  }
});

Deno.test("FolderFile reads what a file has when its end is found, and not what it gets behind that", async () => {
  await withTempFolder(async (root) => {
    const path = `${root}/a`;
    const more = (text: string) =>
      Deno.writeTextFile(path, text, { append: true });
    for (const way of ["read", "readSync"] as const) {
      for (
        const [size, middle, end] of [
          [5, "3456", "78"],
          [3, "3456", "78"],
          [2, "3456", "78"],
          [1, "345", ""],
          [0, "345", ""],
          [9, "3456", "78abcdef"],
        ] as const
      ) {
        await Deno.writeTextFile(path, "12345");
        using file = new FolderFile(root, "a", size);
        const next = async (length: number) => {
          const buffer = new Uint8Array(length);
          return decoder.decode(buffer.subarray(0, await file[way](buffer)));
        };
        assertEquals(file.info.size, 5);
        assertEquals(await next(2), "12");
        await more("678");
        assertEquals([size, await next(4)], [size, middle]);
        await more("abcdef");
        assertEquals([size, await next(10)], [size, end]);
        assertEquals(await next(10), "");
      }
      await Deno.writeTextFile(path, "12345");
      using all = new FolderFile(root, "a", Infinity);
      const buffer = new Uint8Array(10);
      assertEquals(await all[way](buffer), 5);
      await more("67");
      assertEquals(await all[way](buffer), 2);
    }
  });
});

/** Opens a file as on another system; the module has a state of its own for each. */
async function openerOn(
  os: string,
): Promise<
  (...given: ConstructorParameters<typeof FolderFile>) => Disposable
> {
  const { build } = Deno;
  const module = new URL("../../lib/context/file.ts", import.meta.url);
  module.search = os;
  const { FolderFile: Opened } = await import(module.href);
  return (...given) => {
    Object.defineProperty(Deno, "build", { value: { ...build, os } });
    try {
      return new Opened(...given);
    } finally {
      Object.defineProperty(Deno, "build", { value: build });
    }
  };
}

Deno.test("where a system tells no places, a file's path is looked at three times", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "in/d/a": "1", "in/top": "2", "inner/a": "3" });
    await Deno.symlink("../inner", `${folder}/in/link`);
    const root = `${folder}/in`;
    const { lstatSync, realPathSync } = Deno;
    for (const os of ["darwin", "windows"]) {
      const openFile = await openerOn(os);
      let looks = 0;
      const open = (
        path: string,
        change: (look: number, info: Deno.FileInfo) => Partial<Deno.FileInfo>,
        real: (path: string) => string = (path) => path,
        at: string = root,
      ) => {
        looks = 0;
        Deno.lstatSync = (path) => {
          const info = lstatSync(path);
          return { ...info, ...change(++looks, info) };
        };
        Deno.realPathSync = (path) => {
          const found = real(realPathSync(path));
          return os === "windows" ? found.replaceAll("/", "\\") : found;
        };
        try {
          using _file = openFile(at, path, 1);
          return "opened";
        } catch (error) {
          assert(error instanceof ContextError, String(error));
          return "refused";
        } finally {
          Object.assign(Deno, { lstatSync, realPathSync });
        }
      };
      const same = () => ({});
      assertEquals(open("d/a", same), "opened");
      assertEquals(looks, 3);
      assertEquals(open("top", same), "opened");
      assertEquals(open("top", same, undefined, `${root}/`), "opened");
      // A folder beside it that begins with the same letters is outside.
      assertEquals(open("link/a", same), "refused");
      assertEquals(looks, 0);
      const other = os === "windows" ? "opened" : "refused"; // numbers are none there
      for (const at of [1, 2, 3, 4]) {
        const expected = at === 4 ? "opened" : other;
        const when = (info: Partial<Deno.FileInfo>) => (look: number) =>
          look === at ? info : {};
        assertEquals(open("d/a", when({ ino: 1 })), expected);
        assertEquals(open("d/a", when({ dev: 1 })), expected);
        let asked = 0;
        const moved = (path: string) => ++asked === at ? "/elsewhere" : path;
        assertEquals(
          open("d/a", same, moved),
          at === 4 ? "opened" : "refused",
        );
      }
      const top = open("d/a", same, () => "/", "/" + root.slice(1));
      assertEquals(top, "refused");
    }
  });
});

Deno.test("findRoot() tells a folder by what it is and where, and what is none", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "a/x": "" });
    const { path, key } = await findRoot(`${folder}/a`);
    const info = await Deno.stat(path);
    const machine = await Deno.readTextFile("/etc/machine-id").catch(() => "");
    const identity = ["davit", machine, path, info.dev, info.ino].concat(
      info.birthtime?.getTime() as number,
    ).join("\0");
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(identity),
    );
    assertEquals(key, new Uint8Array(digest).toHex());
    await assertRejects(
      () => findRoot(`${folder}/none`),
      ContextError,
      `there is no folder ${folder}/none`,
    );
    await assertRejects(
      () => findRoot(`${folder}/a/x`),
      ContextError,
      `${folder}/a/x is no folder`,
    );
    const { realPath, permissions } = Deno;
    const closed = new Deno.errors.PermissionDenied("closed");
    Deno.realPath = () => Promise.reject(closed);
    try {
      const error = await assertRejects(() => findRoot("x"), ContextError);
      assertEquals(
        error.message,
        "Cannot build: x can't be read (closed): make it readable",
      );
    } finally {
      Deno.realPath = realPath;
    }
    // The machine's id, as far as this program may know it.
    const { readTextFile } = Deno;
    const keyWith = async (state: string, id: () => Promise<string>) => {
      const query = () => Promise.resolve({ state });
      Object.defineProperty(Deno, "permissions", {
        value: { query },
        configurable: true,
      });
      Deno.readTextFile = id;
      try {
        return (await findRoot(`${folder}/a`)).key;
      } finally {
        Object.defineProperty(Deno, "permissions", {
          value: permissions,
          configurable: true,
        });
        Deno.readTextFile = readTextFile;
      }
    };
    const one = await keyWith("granted", () => Promise.resolve("one"));
    const two = await keyWith("granted", () => Promise.resolve("two"));
    const asked = await keyWith("prompt", () => Promise.resolve("one"));
    const none = await keyWith("granted", () => Promise.reject(new Error()));
    const empty = await keyWith("granted", () => Promise.resolve(""));
    assertEquals(new Set([one, two, asked]).size, 3);
    assertEquals([none, empty], [asked, asked]);
  });
});

Deno.test("findIgnoreRules() takes the Dockerfile's own rules before those of the folder", async () => {
  await withTempFolder(async (root) => {
    const none = await findIgnoreRules(root, "Dockerfile");
    assertEquals([none.file, none.bytes.length], [undefined, 0]);
    assert(none.filter.root.keep);
    await writeTree(root, { ".dockerignore": "a\n", "x.dockerignore": "b\n" });
    for (
      const [dockerfile, file, left] of [
        ["Dockerfile", ".dockerignore", "a"],
        ["x", "x.dockerignore", "b"],
      ] as const
    ) {
      const rules = await findIgnoreRules(root, dockerfile);
      assertEquals(rules.file, file);
      assertEquals(decoder.decode(rules.bytes), `${left}\n`);
      for (const path of ["a", "b"]) {
        const { keep } = rules.filter.step(path, rules.filter.root);
        assertEquals(keep, path !== left);
      }
    }
    const files = await memory({ "x.dockerignore": "c\n" });
    const above = await findIgnoreRules(root, "x", files);
    assertEquals(decoder.decode(above.bytes), "c\n");
    await Deno.mkdir(`${root}/d.dockerignore`);
    await assertRejects(
      () => findIgnoreRules(root, "d"),
      ContextError,
      "give the patterns in the option ignore",
    );
  });
});

Deno.test("TarSource reads small files at once, and waits for large ones", async () => {
  await withTempFolder(async (root) => {
    const { read, readSync } = FolderFile.prototype;
    const calls: string[] = [];
    FolderFile.prototype.read = function (buffer) {
      calls.push("waits");
      return read.call(this, buffer);
    };
    FolderFile.prototype.readSync = function (buffer) {
      calls.push("at once");
      return readSync.call(this, buffer);
    };
    try {
      for (const [size, way] of [[65_536, "at once"], [65_537, "waits"]]) {
        calls.length = 0;
        await Deno.writeFile(`${root}/a`, new Uint8Array(Number(size)));
        const contents = { root, filter: new ContextFilter() };
        const source = new TarSource(() => Promise.resolve(contents));
        await new Response(new ReadableStream(source)).bytes();
        assertEquals(calls, [`${way}`]);
      }
    } finally {
      Object.assign(FolderFile.prototype, { read, readSync });
    }
  });
});

Deno.test("TarSource closes a file that is read when that is done, and gives way before each chunk", async () => {
  await withTempFolder((root) =>
    withFreshTurns(async () => {
      await Deno.writeFile(`${root}/a`, new Uint8Array(3_000_000));
      const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
      const before = open();
      const { read } = FolderFile.prototype;
      const { subtle } = crypto;
      const { digest } = subtle;
      for (const end of ["cancel", "abort"] as const) {
        const entered = Promise.withResolvers<void>();
        const gate = Promise.withResolvers<void>();
        FolderFile.prototype.read = async function (buffer) {
          entered.resolve();
          await gate.promise;
          return await read.call(this, buffer);
        };
        const abort = new AbortController();
        const contents = { root, filter: new ContextFilter() };
        const source = new TarSource(
          () => Promise.resolve(contents),
          abort.signal,
        );
        const stream = new ReadableStream(source, { highWaterMark: 0 });
        const reader = stream.getReader();
        const turned = Promise.withResolvers<void>();
        subtle.digest = async (...given) => {
          await turned.promise;
          return await digest.apply(subtle, given);
        };
        try {
          let isRead = false;
          const reading = reader.read().catch((error) => error);
          entered.promise.then(() => isRead = true);
          await Promise.resolve();
          await new Promise((done) => setTimeout(done, 0));
          assert(!isRead, "it gives way first");
          turned.resolve();
          await entered.promise;
          assertEquals(open(), before + 1);
          const reason = new Error("enough");
          if (end === "abort") abort.abort(reason);
          else await reader.cancel();
          assertEquals(open(), before + 1);
          gate.resolve();
          const result = await reading;
          if (end === "abort") assert(result === reason);
          else assertEquals(result.done, true);
          await until(() => open() === before, "the file is closed");
        } finally {
          subtle.digest = digest;
          FolderFile.prototype.read = read;
        }
      }
    })
  );
});

Deno.test("TarSource pauses behind 4 ms in which it found nothing to pack", async () => {
  await withTempFolder(async (root) => {
    const names = Array.from({ length: 400 }, (_, index) => [`n${index}`, ""]);
    await writeTree(root, Object.fromEntries(names));
    const contents = { root, filter: new ContextFilter({ exclude: ["n*"] }) };
    const { now } = performance;
    /** How often the time is asked for, with so many milliseconds between two looks. */
    const looks = async (step: number) => {
      let count = 0;
      performance.now = () => step * count++;
      try {
        const source = new TarSource(() => Promise.resolve(contents));
        await new Response(new ReadableStream(source)).bytes();
        return count;
      } finally {
        performance.now = now;
      }
    };
    // Six pauses of the walk: one look for each, and one more behind each turn.
    assertEquals(await looks(0), 1 + 6);
    assertEquals(await looks(5), 1 + 6 + 6);
    assertEquals(await looks(4), 1 + 6 + 3);
  });
});

Deno.test("TarSource tells what the system says of a file that it can't open or read", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "a": "1", "b": "2" });
    const pack = () => {
      const contents = { root, filter: new ContextFilter() };
      const source = new TarSource(() => Promise.resolve(contents));
      return new Response(new ReadableStream(source)).text();
    };
    const { readSync } = FolderFile.prototype;
    FolderFile.prototype.readSync = () => {
      throw new Error("EIO: disk is broken");
    };
    try {
      const error = await assertRejects(pack, ContextError);
      assert(
        error.message.includes(
          `${root}/a can't be read (EIO: disk is broken): make it readable, or ignore it`,
        ),
        error.message,
      );
    } finally {
      FolderFile.prototype.readSync = readSync;
    }
    const { lstatSync } = Deno;
    Deno.lstatSync = (path) => {
      const info = lstatSync(path);
      if (String(path).endsWith("/a")) {
        Deno.removeSync(`${root}/a`);
        Deno.symlinkSync("a", `${root}/a`);
      }
      return info;
    };
    try {
      const error = await assertRejects(pack, ContextError);
      assert(/\/a can't be read \(.*ELOOP/.test(error.message), error.message);
    } finally {
      Deno.lstatSync = lstatSync;
    }
    assertThrows(() => new FolderFile(root, "none", 1));
  });
});

import { findRoot } from "../../lib/context/root.ts";
import { tarHeader } from "../../lib/context/tar_header.ts";
import { type ContextEntry, contextEntry } from "../../lib/context/entry.ts";
import {
  ContextError,
  tarDirectory,
  type TarDirectoryOptions,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { untilQuiet } from "../support/until.ts";

/** What GNU tar says, with the archive as its standard input. */
async function gnuTar(args: string[], archive: Uint8Array): Promise<string> {
  const child = new Deno.Command("tar", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C.UTF-8", TZ: "UTC" },
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(archive);
  await writer.close();
  const { success, stdout, stderr } = await output;
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function packed(
  root: string,
  options?: TarDirectoryOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(tarDirectory(root, options)).bytes();
}

async function names(root: string, options?: TarDirectoryOptions) {
  const text = await gnuTar(
    ["-tf", "-", "--quoting-style=literal"],
    await packed(root, options),
  );
  return text.split("\n").filter(Boolean);
}

function entryOf(over: Partial<ContextEntry>): ContextEntry {
  return contextEntry({ path: "file", type: "file", mode: 0o644, ...over });
}

Deno.test("tarHeader() is read back by GNU tar, whatever the name, length and time", async () => {
  const random = new Random(11);
  const letters = ["a", "b", "é", "日", " ", "-", "😀", "x".repeat(60)];
  for (let round = 0; round < 60; round++) {
    const part = () =>
      `n${
        Array.from({ length: 1 + random.below(4) }, () => random.pick(letters))
          .join("")
      }`;
    const path = Array.from({ length: 1 + random.below(4) }, part).join("/");
    const target = Array.from({ length: 1 + random.below(3) }, part).join("/");
    const type = random.pick(["file", "directory", "symlink", "fifo"] as const);
    const mode = random.below(0o10000);
    const mtimeMs = random.below(2) === 0
      ? (random.below(4_000_000) - 1_000_000) * 1000
      : random.below(4_000_000_000);
    const header = tarHeader(
      entryOf({ path, type, mode, ...(type === "symlink" ? { target } : {}) }),
      mtimeMs,
    );
    const archive = new Uint8Array(header.length + 1024);
    archive.set(header);
    const line = await gnuTar([
      "-tvf",
      "-",
      "--full-time",
      "--numeric-owner",
      "--quoting-style=literal",
    ], archive);
    const time = new Date(mtimeMs).toISOString().replace("T", " ").slice(0, 19);
    const shown = type === "directory" ? `${path}/` : path;
    const end = type === "symlink" ? ` -> ${target}` : "";
    assert(line.endsWith(` ${shown}${end}\n`), `${line} ${shown}`);
    assert(line.includes(" 0/0 "), line);
    assert(line.includes(time), `${line} ${time}`);
    assertEquals(
      line[0],
      { file: "-", directory: "d", symlink: "l", fifo: "p" }[type],
    );
  }
});

Deno.test("tarHeader() tells lengths from 8 GiB on", async () => {
  const header = tarHeader(entryOf({ size: 2 ** 33 + 5 }), 0);
  const text = new TextDecoder().decode(header);
  assert(text.includes(" size=8589934597\n"), text);
  assertEquals(text.slice(124 + 1024, 136 + 1024), "00000000000\0");
  await Promise.resolve();
});

Deno.test("tarDirectory() packs what GNU tar unpacks as it was", async () => {
  await withTempFolder(async (root) => {
    const source = `${root}/source`;
    const long = `${"d".repeat(120)}/${"e".repeat(120)}/${"f".repeat(200)}`;
    const big = new Uint8Array(1_300_000).map((_, i) => i % 251);
    await writeTree(source, {
      Dockerfile: "FROM scratch\n",
      "a/one": "1",
      "a b/ü\n日": "2",
      [long]: "3",
      "big.bin": big,
      "half": new Uint8Array(512 * 1024 - 512),
      "empty/": "",
      "none": "",
    });
    await Deno.symlink("../none", `${source}/a/link`);
    await Deno.symlink("x".repeat(180), `${source}/a/long`);
    await Deno.link(`${source}/a/one`, `${source}/twin`);
    await Deno.chmod(`${source}/a/one`, 0o4751);
    await Deno.utime(`${source}/big.bin`, 1.25, 1234.567);
    await Deno.mkdir(`${root}/out`);
    await gnuTar(["-xpf", "-", "-C", `${root}/out`], await packed(source));
    const list = async (folder: string) => {
      const { stdout } = await new Deno.Command("sh", {
        args: [
          "-c",
          "find . -mindepth 1 ! -name Dockerfile -printf '%p %y %m %s %T@ %l %n\\0' | LC_ALL=C sort -z; find . -type f -exec sha256sum -z {} + | LC_ALL=C sort -z",
        ],
        cwd: folder,
      }).output();
      return new TextDecoder().decode(stdout).split("\0")
        .map((line) =>
          line.replace(/(\.\d{3})\d*/, "$1").replace(/ d (\d+) \d+ /, " d $1 ")
        );
    };
    assertEquals(await list(`${root}/out`), await list(source));
  });
});

Deno.test("tarDirectory() obeys the ignore files, and packs them and the Dockerfile first", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      Dockerfile: "FROM scratch\n",
      ".dockerignore": "*\n!keep\n",
      "other/Dockerfile": "FROM scratch\n",
      "other/Dockerfile.dockerignore": "keep\n",
      keep: "",
      secret: "",
    });
    assertEquals(await names(root), ["Dockerfile", ".dockerignore", "keep"]);
    assertEquals(await names(root, { ignore: ["other", "s*"] }), [
      "Dockerfile",
      ".dockerignore",
      "keep",
    ]);
    assertEquals(await names(root, { dockerfile: "other/Dockerfile" }), [
      "other/Dockerfile",
      "other/Dockerfile.dockerignore",
      ".dockerignore",
      "Dockerfile",
      "other/",
      "secret",
    ]);
  });
});

Deno.test("tarDirectory() gives the same bytes for the same files with sourceDateEpoch", async () => {
  await withTempFolder(async (root) => {
    const files = {
      Dockerfile: "FROM scratch\n",
      "b/c": "1",
      a: "2",
      "é": "3",
    };
    await writeTree(`${root}/one`, files);
    await writeTree(
      `${root}/two`,
      Object.fromEntries(Object.entries(files).reverse()),
    );
    const options = { sourceDateEpoch: 1_000_000 };
    const one = await packed(`${root}/one`, options);
    assertEquals(one, await packed(`${root}/two`, options));
    assertEquals(one.length % 512, 0);
  });
});

Deno.test("tarDirectory() ends with a sentence for what became shorter or is not there", async () => {
  await withTempFolder(async (root) => {
    await assertRejects(
      () => packed(`${root}/none`),
      ContextError,
      "there is no folder",
    );
    await writeTree(root, { a: "", big: new Uint8Array(3_000_000) });
    const reader = tarDirectory(root).getReader();
    await reader.read();
    await Deno.truncate(`${root}/big`, 600_000);
    await assertRejects(
      async () => {
        while (!(await reader.read()).done);
      },
      ContextError,
      "bytes shorter while it was sent",
    );
    assertThrows(() => tarDirectory(""), TypeError);
    assertThrows(() => tarDirectory(root, { sourceDateEpoch: 1.5 }), TypeError);
  });
});

Deno.test("tarDirectory() speaks of no build, and what it says stays the same in one", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "", ".dockerignore": "[" });
    const failures: [() => Promise<unknown>, RegExp][] = [
      [() => packed(`${root}/none`), /^Cannot pack: there is no folder \S+$/],
      [() => packed(`${root}/a`), /^Cannot pack: \S+ is no folder$/],
      [() => packed(root), /^Cannot pack: syntax error in pattern "\["/],
      [
        async () => await packed(root, { ignore: ["["] }),
        /^Cannot pack: syntax error in pattern "\["/,
      ],
      [
        async () => await packed(root, { ignore: ["x".repeat(70_000)] }),
        /^Cannot pack: line 1 of the ignore file has 70000 bytes/,
      ],
    ];
    for (const [pack, words] of failures) {
      const { message } = await assertRejects(pack, ContextError);
      assert(words.test(message), message);
      assert(!message.includes("build"), message);
    }
    const { message } = await assertRejects(
      () => findRoot(`${root}/none`),
      ContextError,
    );
    assert(message.startsWith("Cannot build: there is no folder "), message);
    assert(message.endsWith("; a tar is given as a stream"), message);
  });
});

/** How far this process has read a file that it holds open. */
async function offsetIn(path: string): Promise<number> {
  let furthest = 0;
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    // A descriptor may be gone already: the folder's own is.
    const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => "");
    if (target !== path) continue;
    const info = await Deno.readTextFile(`/proc/self/fdinfo/${name}`);
    furthest = Math.max(furthest, Number(/^pos:\s*(\d+)/.exec(info)?.[1]));
  }
  return furthest;
}

Deno.test("tarDirectory() reads no further than it is read, and leaves nothing open", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1" });
    await using file = await Deno.create(`${root}/big`);
    await file.truncate(4 * 1024 ** 3);
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = open();
    const controller = new AbortController();
    const aborted = tarDirectory(root, { signal: controller.signal })
      .getReader();
    await aborted.read();
    controller.abort(new Error("enough"));
    await assertRejects(() => aborted.read(), Error, "enough");
    const reader = tarDirectory(root).getReader();
    await reader.read();
    const bytes = await untilQuiet(() => offsetIn(`${root}/big`), (bytes) => {
      assert(bytes < 4_000_000, `${bytes} bytes of the file for one chunk`);
    });
    assert(bytes > 0);
    assert(open() > before);
    await reader.cancel();
    assertEquals(open(), before);
  });
});

Deno.test("a record's length counts its own digits, whatever the length", () => {
  const decoder = new TextDecoder();
  for (let length = 90; length <= 1100; length++) {
    // Characters of one, two and four bytes, where a record is needed at all.
    for (const letter of ["x", "é", "😀"]) {
      const target = letter.repeat(length);
      const header = tarHeader(
        entryOf({ path: "link", type: "symlink", mode: 0o777, target }),
        0,
      );
      if (header.length === 512) {
        assert(length <= 100 && letter === "x");
        continue;
      }
      const size = parseInt(decoder.decode(header.subarray(124, 135)), 8);
      const record = decoder.decode(header.subarray(512, 512 + size));
      assertEquals(record, `${size} linkpath=${target}\n`);
    }
  }
});

import { type ContextEntry, contextEntry } from "../../lib/context/entry.ts";
import { tarEnd, tarHeader } from "../../lib/context/tar_header.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { walkContext } from "../support/walk.ts";

const decoder = new TextDecoder();

function entryOf(over: Partial<ContextEntry>): ContextEntry {
  return contextEntry({ path: "file", type: "file", mode: 0o644, ...over });
}

/** The records before a header, by their keys, and the header's own block. */
function parts(
  header: Uint8Array,
): { records: Record<string, string>; block: Uint8Array } {
  const block = header.subarray(-512);
  if (header.length === 512) return { records: {}, block };
  const size = parseInt(decoder.decode(header.subarray(124, 135)), 8);
  assertEquals(header.length, 1024 + Math.ceil(size / 512) * 512);
  let text = decoder.decode(header.subarray(512, 512 + size));
  const records: Record<string, string> = {};
  while (text !== "") {
    const [, length, key] = /^(\d+) ([a-z]+)=/.exec(text)!;
    const bytes = new TextEncoder().encode(text).subarray(0, Number(length));
    const record = decoder.decode(bytes);
    assert(record.endsWith("\n"), record);
    records[key!] = record.slice(record.indexOf("=") + 1, -1);
    text = text.slice(record.length);
  }
  return { records, block };
}

function field(block: Uint8Array, at: number, length: number): string {
  return decoder.decode(block.subarray(at, at + length)).replace(/\0.*$/s, "");
}

/** The headers that GNU tar writes for what is in a folder, all without content. */
async function gnuHeaders(
  root: string,
  paths: string[],
): Promise<Uint8Array[]> {
  const list = await Deno.makeTempFile();
  await Deno.writeTextFile(list, paths.join("\0"));
  const { success, stdout, stderr } = await new Deno.Command("tar", {
    args: ["--format=ustar", "--numeric-owner", "--owner=0", "--group=0"]
      .concat("--no-recursion", "--hard-dereference", "-cf", "-")
      .concat("-C", root, "--null", "-T", list),
  }).output();
  await Deno.remove(list);
  assert(success, decoder.decode(stderr));
  return paths.map((_, index) => stdout.slice(index * 512, index * 512 + 512));
}

/** GNU tar writes device numbers for everything; so the sum is another one, too. */
function withoutDevices(block: Uint8Array): Uint8Array {
  const copy = block.slice();
  copy.fill(0, 329, 345);
  copy.fill(0, 148, 156);
  return copy;
}

Deno.test("tarHeader() writes what GNU tar writes, byte by byte, wherever ustar holds it", async () => {
  await withTempFolder(async (root) => {
    const paths: string[] = [];
    const add = async (path: string) => {
      const full = `${root}/${path}`;
      await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), {
        recursive: true,
      });
      await Deno.writeTextFile(full, "");
      paths.push(path);
    };
    // Where a long path is cut in two: names of 100 bytes and folders of 155 are the most.
    for (const name of [1, 2, 99, 100]) {
      for (const folder of [98, 99, 100, 101, 102, 153, 154, 155]) {
        await add(`${"d".repeat(folder)}/${"n".repeat(name)}`);
      }
    }
    for (const length of [98, 99, 100]) await add("n".repeat(length));
    await add(`${"d".repeat(60)}/${"e".repeat(60)}/${"n".repeat(60)}`);
    await add(`${"d".repeat(60)}/${"e".repeat(94)}/${"n".repeat(60)}`);
    await add(`${"d".repeat(100)}/${"e".repeat(54)}/${"n".repeat(100)}`);
    // GNU tar opens what it packs: an ordinary user has to be able to read it.
    const least = Deno.uid() === 0 ? 0 : 0o400;
    for (
      const mode of [0, 0o1, 0o777, 0o4755, 0o2070, 0o1000, 0o7777]
        .map((mode) => mode | least)
    ) {
      await add(`mode-${mode}`);
      await Deno.chmod(`${root}/mode-${mode}`, mode);
    }
    for (const time of [0, 1, 7, 8, 946_684_800, 2 ** 31, 4_000_000_000]) {
      await add(`time-${time}`);
      await Deno.utime(`${root}/time-${time}`, time, time);
    }
    for (const length of [1, 99, 100]) {
      await Deno.symlink("t".repeat(length), `${root}/link-${length}`);
      paths.push(`link-${length}`);
    }
    for (const length of [98, 99, 100, 153, 154, 160]) {
      const folder = `${"f".repeat(60)}/${"d".repeat(length - 61)}`;
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
      paths.push(folder);
    }
    const make = ["mkfifo fifo"];
    if (Deno.uid() === 0) {
      make.push("mknod char c 4095 1048575", "mknod block b 7 200");
    }
    const { success } = await new Deno.Command("sh", {
      args: ["-ec", make.join("; ")],
      cwd: root,
    }).output();
    assert(success);
    paths.push("fifo", ...Deno.uid() === 0 ? ["char", "block"] : []);
    const expected = await gnuHeaders(root, paths);
    const entries = new Map<string, ContextEntry>();
    for (const entry of walkContext(root)) entries.set(entry.path, entry);
    for (const [index, path] of paths.entries()) {
      const entry = entries.get(path)!;
      const isDevice = /-device$/.test(entry.type);
      const header = tarHeader(entry, Math.floor(entry.mtimeMs / 1000) * 1000);
      const same = isDevice ? (block: Uint8Array) => block : withoutDevices;
      assertEquals(header.length, 512, path);
      assertEquals(same(header), same(expected[index]!), path);
      // The sum of all bytes, with blanks in its own place.
      const blank = header.slice().fill(0x20, 148, 156);
      const sum = blank.reduce((a, b) => a + b, 0);
      assertEquals(
        decoder.decode(header.subarray(148, 156)),
        `${sum.toString(8).padStart(6, "0")}\0 `,
      );
    }
  });
});

Deno.test("tarHeader() tells what ustar can't hold in records, and something like it in the block", () => {
  const long = (length: number) => "n".repeat(length);
  const seconds = 8 ** 11 - 1;
  const cases: readonly (readonly [
    Partial<ContextEntry>,
    mtimeMs: number,
    records: Record<string, string>,
    fields: Record<string, string>,
  ])[] = [
    [{ path: long(100) }, 0, {}, { name: long(100), prefix: "" }],
    [{ path: long(101) }, 0, { path: long(101) }, {
      name: long(100),
      prefix: "",
    }],
    [{ path: `${long(156)}/x` }, 0, { path: `${long(156)}/x` }, {
      name: `${long(98)}/x`,
    }],
    [{ path: `d/${long(101)}` }, 0, { path: `d/${long(101)}` }, {
      name: long(100),
    }],
    [{ path: `/${long(100)}` }, 0, { path: `/${long(100)}` }, {}],
    [{ path: `d/${long(100)}` }, 0, {}, { name: long(100), prefix: "d" }],
    [{ path: `d/${long(98)}`, type: "directory" }, 0, {}, {
      name: `${long(98)}/`,
      prefix: "d",
    }],
    [
      { path: `${long(154)}/${long(100)}`, type: "directory" },
      0,
      { path: `${long(154)}/${long(100)}/` },
      { name: `${long(99)}/` },
    ],
    [{ path: "é/😀" }, 0, { path: "é/😀" }, { name: "_/_" }],
    [{ type: "symlink", target: long(100) }, 0, {}, { target: long(100) }],
    [{ type: "symlink", target: `x${long(100)}` }, 0, {
      linkpath: `x${long(100)}`,
    }, { target: long(100) }],
    [{ type: "symlink", target: "é" }, 0, { linkpath: "é" }, { target: "_" }],
    [{ hardlink: "other", size: 7 }, 0, {}, {
      target: "other",
      type: "1",
      size: "00000000000",
    }],
    [{ hardlink: "é", target: "no" }, 0, { linkpath: "é" }, { target: "_" }],
    [{ type: "symlink", target: "ab", size: 2 }, 0, {}, {
      size: "00000000000",
      type: "2",
    }],
    [{ size: 8 ** 11 - 1 }, 0, {}, { size: "77777777777" }],
    [{ size: 8 ** 11 }, 0, { size: "8589934592" }, { size: "00000000000" }],
    [{ size: 9 }, 0, {}, { size: "00000000011" }],
    [{}, seconds * 1000, {}, { seconds: "77777777777" }],
    [{}, seconds * 1000 + 1000, { mtime: "8589934592" }, {
      seconds: "77777777777",
    }],
    [{}, 1000, {}, { seconds: "00000000001" }],
    [{}, 1001, { mtime: "1.001" }, { seconds: "00000000001" }],
    [{}, 1999, { mtime: "1.999" }, { seconds: "00000000001" }],
    [{}, 12_500, { mtime: "12.5" }, { seconds: "00000000014" }],
    [{}, 120, { mtime: "0.12" }, { seconds: "00000000000" }],
    [{}, 7, { mtime: "0.007" }, {}],
    [{}, 0.4, { mtime: "0" }, {}],
    [{}, -1, { mtime: "-0.001" }, { seconds: "00000000000" }],
    [{}, -1000, { mtime: "-1" }, { seconds: "00000000000" }],
    [{}, -12_050, { mtime: "-12.05" }, { seconds: "00000000000" }],
    [{}, 1000.5, { mtime: "1.001" }, { seconds: "00000000001" }],
    [{ type: "char-device", major: 9, minor: 8 }, 0, {}, {
      major: "0000011",
      minor: "0000010",
      type: "3",
    }],
    [{ type: "block-device", major: 1, minor: 2 }, 0, {}, {
      major: "0000001",
      minor: "0000002",
      type: "4",
    }],
    [{ major: 1, minor: 2 }, 0, {}, { major: "", minor: "", type: "0" }],
    [
      { path: "é", type: "symlink", target: "ü" },
      1,
      { path: "é", linkpath: "ü", mtime: "0.001" },
      {},
    ],
  ];
  for (const [over, mtimeMs, records, fields] of cases) {
    const header = tarHeader(entryOf(over), mtimeMs);
    const { records: found, block } = parts(header);
    const what = JSON.stringify([over, mtimeMs]).slice(0, 100);
    assertEquals(found, records, what);
    const all: Record<string, string> = {
      name: field(block, 0, 100),
      mode: field(block, 100, 8),
      size: field(block, 124, 12),
      seconds: field(block, 136, 12),
      type: field(block, 156, 1),
      target: field(block, 157, 100),
      magic: field(block, 257, 8),
      major: field(block, 329, 8),
      minor: field(block, 337, 8),
      prefix: field(block, 345, 155),
    };
    const picked = Object.fromEntries(
      Object.keys(fields).map((name) => [name, all[name]]),
    );
    assertEquals(picked, fields, what);
    if (header.length === 512) continue;
    const extra = header.subarray(0, 512);
    assertEquals(
      [0, 100, 136, 156, 157, 329, 337, 345].map((at) => field(extra, at, 8)),
      ["PaxHeade", "0000644", "00000000", "x", "", "", "", ""],
    );
    assertEquals(field(extra, 0, 100), "PaxHeaders/entry");
  }
});

Deno.test("the records' block is filled up, whatever their length", () => {
  for (let length = 480; length < 1100; length++) {
    const path = "é".repeat(length);
    const { records } = parts(tarHeader(entryOf({ path }), 0));
    assertEquals(records, { path });
  }
  assertEquals(tarEnd(), new Uint8Array(1024));
});

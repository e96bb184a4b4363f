import { concatBytes } from "../../lib/streams/bytes.ts";
import {
  isTar,
  NotTarError,
  tarEntries,
} from "../../lib/verify/tar_entries.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { tarHeader } from "../support/tar.ts";
import { bytesOf, restOf, sourceOf } from "./pieces.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const join = (...parts: Uint8Array[]) =>
  parts.reduce(concatBytes, new Uint8Array());

interface Header {
  readonly name?: string;
  readonly type?: string;
  readonly size?: number | string | Uint8Array;
  readonly prefix?: string;
  readonly link?: string;
  readonly more?: readonly (readonly [at: number, byte: number])[];
}

/** A header with fields of any kind, and its sum. */
function header(
  { name = "f", type = "0", size = 0, prefix = "", link = "", more = [] }:
    Header,
): Uint8Array {
  const bytes = tarHeader(name, typeof size === "number" ? size : 0);
  bytes[156] = type.charCodeAt(0);
  if (typeof size !== "number") {
    bytes.fill(0, 124, 136);
    bytes.set(typeof size === "string" ? encode(size) : size, 124);
  }
  bytes.set(encode(prefix), 345);
  bytes.set(encode(link), 157);
  for (const [at, byte] of more) bytes[at] = byte;
  bytes.fill(0x20, 148, 156);
  const sum = bytes.reduce((a, b) => a + b, 0);
  bytes.set(encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return bytes;
}

/** Content, filled up to a block with this byte. */
function blocks(bytes: Uint8Array, filler = 0): Uint8Array {
  const padding = (512 - bytes.length % 512) % 512;
  return join(bytes, new Uint8Array(padding).fill(filler));
}

const END = new Uint8Array(1024);
const pax = (records: string) =>
  join(header({ type: "x", size: records.length }), blocks(encode(records)));
const long = (type: string, name: string) =>
  join(header({ type, size: name.length + 1 }), blocks(encode(`${name}\0`)));

type Told = [path: string, link: string, size: number, content: string];

async function read(tar: Uint8Array, pieces?: number): Promise<{
  entries: Told[];
  headers: number[];
  padding: string[];
  rest: Uint8Array;
}> {
  const source = sourceOf(tar, pieces);
  const padding: string[] = [];
  const entries: Told[] = [];
  const headers: number[] = [];
  const see = (path: string, bytes: Uint8Array) =>
    padding.push(`${path} ${bytes.length} ${bytes.reduce((a, b) => a + b, 0)}`);
  for await (const entry of tarEntries(source, see)) {
    const content = decode(await bytesOf(entry.content.chunks()));
    entries.push([entry.path, entry.link, entry.size, content]);
    headers.push(entry.headers.reduce((sum, { length }) => sum + length, 0));
  }
  return { entries, headers, padding, rest: await restOf(source) };
}

Deno.test("an entry of an archive is what its headers tell", async () => {
  const word = "some content";
  const body = blocks(encode(word));
  const size = word.length;
  const cases: [tar: Uint8Array, told: Told][] = [
    [join(header({ size }), body), ["f", "", size, word]],
    [
      join(header({ size, prefix: "a/b" }), body),
      ["a/b/f", "", size, word],
    ],
    [
      join(
        header({ size, name: "n".repeat(100), prefix: "p".repeat(155) }),
        body,
      ),
      [`${"p".repeat(155)}/${"n".repeat(100)}`, "", size, word],
    ],
    [
      join(header({ size, link: "l".repeat(100) }), body),
      ["f", "l".repeat(100), size, word],
    ],
    [header({ type: "2", link: "to" }), ["f", "to", 0, ""]],
    ...[..."123456"].map((type): [Uint8Array, Told] => [
      header({ type, size: 9 }),
      ["f", "", 0, ""],
    ]),
    ...[..."07\0S"].map((type): [Uint8Array, Told] => [
      join(header({ type, size, prefix: type === "S" ? "x" : "" }), body),
      ["f", "", size, word],
    ]),
    [join(header({ size: " 14 " }), body), ["f", "", size, word]],
    [header({ size: "" }), ["f", "", 0, ""]],
    [
      join(
        header({
          size: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, size),
        }),
        body,
      ),
      ["f", "", size, word],
    ],
    [
      join(long("L", "a long name"), header({ size }), body),
      ["a long name", "", size, word],
    ],
    [
      join(long("K", "a long link"), header({ type: "2", link: "x" })),
      ["f", "a long link", 0, ""],
    ],
    [
      join(
        pax("14 path=a/b/c\n16 linkpath=a/b\n11 size=12\n"),
        header({}),
        body,
      ),
      ["a/b/c", "a/b", size, word],
    ],
    // Of both forms that a long name may have, what the other does not tell.
    [
      join(
        long("K", "a long link"),
        long("L", "a long name"),
        pax("14 path=a/b/c\n"),
        header({ type: "2", link: "x" }),
      ),
      ["a/b/c", "a long link", 0, ""],
    ],
    [
      join(
        long("L", "a long name"),
        pax("16 linkpath=a/b\n"),
        header({ type: "2", link: "x" }),
      ),
      ["a long name", "a/b", 0, ""],
    ],
    [
      join(pax("11 other=1\n"), header({ size }), body),
      ["f", "", size, word],
    ],
    [
      join(pax("11 size=12\n"), header({ type: "1" })),
      ["f", "", 0, ""],
    ],
    [
      join(pax("11 size=12\n"), pax("9 path=p\n"), header({}), body),
      ["p", "", size, word],
    ],
    [
      join(
        header({ type: "g", size: 9 }),
        blocks(encode("9 path=p\n")),
        header({ size }),
        body,
      ),
      ["f", "", size, word],
    ],
  ];
  for (const [tar, told] of cases) {
    // What one entry has, the next has not.
    const two = join(
      tar,
      header({ name: "next", size }),
      body,
      END,
      encode("rest"),
    );
    for (const pieces of [1 << 20, 100]) {
      const { entries, headers, rest } = await read(two, pieces);
      assertEquals(entries, [told, ["next", "", size, word]], told[0]);
      assertEquals(headers[1], 512);
      const own = tar.length - (told[2] > 0 ? 512 : 0);
      assertEquals(headers[0], own, told[0]);
      // It ends with the first block of zeros.
      assertEquals(rest.length, 512 + 4);
    }
  }
});

Deno.test("what fills blocks behind a file is told, and maps of holes", async () => {
  for (const size of [0, 1, 511, 512, 513, 1024]) {
    const content = new Uint8Array(size).fill(65);
    const tar = join(header({ size }), blocks(content, 1), END);
    const { entries, padding } = await read(tar);
    assertEquals(entries[0]![3].length, size);
    const length = (512 - size % 512) % 512;
    assertEquals(padding, [`f ${length} ${length}`]);
  }
  const map = (more: number) => {
    const block = new Uint8Array(512);
    block[504] = more;
    block[1] = 7;
    return block;
  };
  const sparse = join(
    header({ type: "S", size: 3, more: [[482, 1]] }),
    map(1),
    map(0),
    blocks(encode("abc")),
    END,
  );
  const { entries, padding } = await read(sparse);
  assertEquals(entries, [["f", "", 3, "abc"]]);
  assertEquals(padding, ["f 512 8", "f 512 7", "f 509 0"]);
});

Deno.test("content that nobody reads is passed over", async () => {
  const file = join(header({ size: 600 }), blocks(new Uint8Array(600).fill(9)));
  const paths: string[] = [];
  for await (
    const { path } of tarEntries(
      sourceOf(join(file, header({ name: "g" }), END)),
    )
  ) {
    paths.push(path);
  }
  assertEquals(paths, ["f", "g"]);
});

Deno.test("an archive that is cut off anywhere but between two entries is told", async () => {
  const whole = join(
    pax("9 path=p\n"),
    header({ type: "S", size: 600, more: [[482, 1]] }),
    new Uint8Array(512),
    blocks(new Uint8Array(600).fill(65)),
  );
  for (
    let length = 1;
    length < whole.length;
    length += length % 512 < 2 || length % 512 > 509 ? 1 : 97
  ) {
    // A header alone is no entry; nor is nothing.
    if (length === 1024) continue;
    const error = await assertRejects(
      () => read(whole.subarray(0, length)),
      NotTarError,
    );
    assertEquals(
      error.message,
      "An archive ends in the middle of an entry",
      `${length}`,
    );
  }
  assertEquals((await read(whole)).entries.length, 1);
  assertEquals((await read(new Uint8Array())).entries, []);
});

Deno.test("a header that is none is told by what is wrong with it", async () => {
  const wrong = header({});
  wrong[0]! ^= 1;
  const extended = (size: number) =>
    join(header({ type: "x", size }), new Uint8Array(512));
  for (
    const [tar, words] of [
      [wrong, "An archive has a header with a wrong checksum"],
      [header({ size: "9" }), "An archive has a header without a size"],
      [header({ size: "x" }), "An archive has a header without a size"],
      [
        extended(1024 * 1024 + 1),
        "An archive has an extended header without end",
      ],
      [extended(1024 * 1024), "An archive ends in the middle of an entry"],
      [pax("3 path=p\n"), "An archive has an extended header of no records"],
    ] as const
  ) {
    const error = await assertRejects(() => read(tar), NotTarError);
    assertEquals(error.message, words);
  }
  const comment = `1048576 comment=${"x".repeat(1048576 - 17)}\n`;
  assertEquals(comment.length, 1048576);
  const { entries } = await read(join(pax(comment), header({}), END));
  assertEquals(entries.length, 1);
});

Deno.test("an archive is known by its first block", () => {
  assert(isTar(header({})));
  assertEquals(isTar(header({}).subarray(0, 511)), false);
  assertEquals(isTar(new Uint8Array(512)), false);
  const other = header({});
  other[511]! ^= 1;
  assertEquals(isTar(other), false);
  // A name is there, whatever the sum is.
  assertEquals(isTar(header({ name: "" })), false);
});

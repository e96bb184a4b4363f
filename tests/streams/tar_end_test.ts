import { TarEnd } from "../../lib/streams/tar_end.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { assertEquals } from "../support/assert.ts";
import { tarChunks, tarHeader } from "../support/tar.ts";

const encoder = new TextEncoder();

function joined(...parts: Uint8Array[]): Uint8Array {
  return parts.reduce((a, b) => concatBytes(a, b), new Uint8Array(0));
}

/** A header with other bytes at some places, and its sum made right again. */
function changed(
  header: Uint8Array,
  changes: Readonly<Record<number, string | Uint8Array>>,
): Uint8Array {
  for (const [at, bytes] of Object.entries(changes)) {
    header.set(
      typeof bytes === "string" ? encoder.encode(bytes) : bytes,
      Number(at),
    );
  }
  header.set(encoder.encode("        "), 148);
  const sum = header.reduce((a, b) => a + b, 0);
  header.set(
    encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `),
    148,
  );
  return header;
}

function padded(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const block = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  block.set(bytes);
  return block;
}

function record(name: string, value: string): string {
  const rest = ` ${name}=${value}\n`;
  const length = rest.length + 2;
  return `${length}${rest}`;
}

/** GNU's long name for the next header. */
function long(name: string): Uint8Array {
  const header = changed(tarHeader("././@LongLink", name.length), { 156: "L" });
  return joined(header, padded(name));
}

/** Records of PAX for the next header. */
function records(text: string): Uint8Array {
  const header = changed(tarHeader("x", text.length), { 156: "x" });
  return joined(header, padded(text));
}

const END = new Uint8Array(1024);
const FILE = joined(tarHeader("a", 3), padded("abc"));
const CONTENT = new Uint8Array(1536).fill(0); // zeros are no end within a file

/** Archives, and how many bytes of each come before its end. */
const ARCHIVES: readonly (readonly [string, Uint8Array, number?])[] = [
  ["files", joined(...tarChunks({ a: "a", b: "", c: "c".repeat(1000) }))],
  ["nothing", END],
  ["zeros in a file", joined(tarHeader("a", 1536), CONTENT, END)],
  [
    "a size in base 256",
    joined(
      changed(tarHeader("a", 0), {
        124: new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0]),
      }),
      CONTENT,
      END,
    ),
  ],
  [
    "a size with blanks round it",
    joined(
      changed(tarHeader("a", 0), { 124: "  3000 \0   \0" }),
      CONTENT,
      END,
    ),
  ],
  [
    "a size of PAX",
    joined(
      changed(tarHeader("x", 13), { 156: "x" }),
      padded(record("size", "1536")),
      tarHeader("a", 512),
      CONTENT,
      END,
    ),
  ],
  [
    "a size of PAX before global records, which ends it",
    joined(
      changed(tarHeader("x", 13), { 156: "x" }),
      padded(record("size", "1536")),
      changed(tarHeader("g", 13), { 156: "g" }),
      padded(record("some", "1536")),
      FILE,
      END,
    ),
  ],
  [
    "a folder and a link with a size",
    joined(
      changed(tarHeader("a", 1536), { 156: "5" }),
      changed(tarHeader("a", 1536), { 156: "2" }),
      changed(tarHeader("a", 1536), { 156: "1" }),
      END,
    ),
  ],
  [
    "a long name",
    joined(
      changed(tarHeader("././@LongLink", 600), { 156: "L" }),
      padded("n".repeat(600)),
      FILE,
      END,
    ),
  ],
  [
    "an old header",
    joined(changed(tarHeader("a", 3), { 156: "\0" }), padded("abc"), END),
  ],
  [
    "an old folder",
    joined(changed(tarHeader("a/", 0), { 156: "\0" }), FILE, END),
  ],
  [
    "a file that is called like a folder",
    joined(tarHeader("a/", 3), padded("abc"), FILE, END),
  ],
  [
    "an old header behind a folder's long name",
    joined(
      long("dir/"),
      FILE,
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
  ],
  [
    "an old header behind a folder's records",
    joined(
      records(record("path", "dirs/")),
      FILE,
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
  ],
  [
    "an old header with records that name nothing",
    joined(
      records(record("some", "1536")),
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
  ],
  [
    "an old header with a file's long name",
    joined(
      long("file"),
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
  ],
  // From here on: cut, and the engine has it for broken.
  [
    "an old header with a folder's long name, and a size",
    joined(
      long("dir/"),
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
    1536,
  ],
  [
    "an old header with the root's name, and a size",
    joined(
      long("/"),
      changed(tarHeader("a", 1), { 156: "\0" }),
      padded("a"),
      END,
    ),
    1536,
  ],
  [
    "an old header with a folder's path of PAX, and a size",
    joined(
      records(record("path", "dirs/")),
      changed(tarHeader("a", 3), { 156: "\0" }),
      padded("abc"),
      END,
    ),
    1536,
  ],
  [
    "an old header without a name, with a size",
    joined(changed(tarHeader("", 3), { 156: "\0" }), padded("abc"), END),
    512,
  ],
  [
    "an old folder whose name fills its field, with a size",
    joined(
      changed(tarHeader(`${"x".repeat(99)}/`, 1), { 156: "\0", 100: "0" }),
      padded("a"),
      END,
    ),
    512,
  ],
  [
    "records that are none",
    joined(records("no records"), FILE, END),
    522, // with its last byte
  ],
  ["a header with a wrong sum", joined(FILE, padded("no header")), 1536],
  [
    "one block of zeros, then another",
    joined(FILE, new Uint8Array(512), FILE),
    2048,
  ],
  [
    "GNU's holes",
    joined(changed(tarHeader("a", 3), { 156: "S" }), padded("abc"), END),
    512,
  ],
  [
    "an old folder with a size",
    joined(changed(tarHeader("a/", 3), { 156: "\0" }), padded("abc"), END),
    512,
  ],
  [
    "a size below zero",
    joined(
      changed(tarHeader("a", 0), { 124: new Uint8Array(12).fill(0xff) }),
      END,
    ),
    512,
  ],
];

for (const [name, archive, end = archive.length] of ARCHIVES) {
  Deno.test(`where a tar ends: ${name}`, () => {
    const behind = new Uint8Array(5000).fill(1);
    const bytes = joined(archive, behind);
    for (const size of [1, 7, 512, 513, bytes.length]) {
      const tar = new TarEnd();
      let taken = 0;
      for (let at = 0; at < bytes.length; at += size) {
        taken += tar.push(bytes.subarray(at, at + size));
      }
      assertEquals([taken, tar.ended], [end, true], `in pieces of ${size}`);
    }
  });
}

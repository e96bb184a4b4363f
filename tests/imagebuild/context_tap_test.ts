import { assertEquals } from "../support/assert.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { ContextTap } from "../../lib/imagebuild/context/context_tap.ts";
import { tarBytes, tarHeader } from "../support/tar.ts";
import { changedHeader, pack, packedTo } from "./tar_forms.ts";

/** What is found in bytes that come in pieces of a length. */
async function found(
  bytes: Uint8Array,
  name: string = "Dockerfile",
  pieces: number = 100,
): Promise<string | undefined> {
  const tap = new ContextTap(name);
  for (let at = 0; at < bytes.length; at += pieces) {
    await tap.push(bytes.subarray(at, at + pieces));
  }
  await tap.end();
  tap.stop();
  return tap.text;
}

const FILES = { a: "a", "./Dockerfile": "FROM a\n", b: "b".repeat(1000) };

Deno.test("the Dockerfile of a tar is found, whatever kind of tar it is", async () => {
  const plain = await tarBytes(FILES);
  for (const pieces of [1, 511, 512, 513, 100_000]) {
    assertEquals(await found(plain, "Dockerfile", pieces), "FROM a\n");
  }
  assertEquals(await found(plain, "/Dockerfile"), "FROM a\n");
  assertEquals(await found(plain, "./x/../Dockerfile"), "FROM a\n");
  assertEquals(await found(plain, "other"), undefined);
  const odd = await tarBytes({ "x/../sub/./dockerfile": "FROM b\n" });
  assertEquals(await found(odd, "sub/Dockerfile"), "FROM b\n");
  assertEquals(await found(odd, "sub/other"), undefined);
  const ending = new Uint8Array(1024);
  const content = new TextEncoder().encode("FROM a\n");
  const block = new Uint8Array(512);
  block.set(content);
  const header = tarHeader("Dockerfile", content.length);
  const kinds: Record<string, Uint8Array[]> = {
    "before POSIX": [
      changedHeader(header, (bytes) => bytes.fill(0, 257)),
      block,
    ],
    "before POSIX, its type a NUL": [
      changedHeader(header, (bytes) => bytes.fill(0, 257).fill(0, 156, 157)),
      block,
    ],
    "a size in base 256": [
      changedHeader(header, (bytes) => {
        bytes.fill(0, 124, 136)[124] = 0x80;
        bytes[135] = content.length;
      }),
      block,
    ],
    "GNU's, with times where others have a prefix": [
      changedHeader(header, (bytes) => {
        bytes.set(new TextEncoder().encode("ustar  \0"), 257);
        bytes.fill(0x31, 345, 356);
      }),
      block,
    ],
    "GNU's long name": [
      changedHeader(
        tarHeader("././@LongLink", 11),
        (bytes) => bytes[156] = "L".charCodeAt(0),
      ),
      padded("Dockerfile\0"),
      changedHeader(tarHeader("x", content.length), () => {}),
      block,
    ],
    "PAX records of its name and size": [
      changedHeader(
        tarHeader("x", 28),
        (bytes) => bytes[156] = "x".charCodeAt(0),
      ),
      padded("19 path=Dockerfile\n9 size=7\n"),
      tarHeader("y", 0),
      block,
    ],
  };
  for (const [kind, blocks] of Object.entries(kinds)) {
    const tar = [...blocks, ending].reduce((all, part) =>
      concatBytes(all, part)
    );
    assertEquals(await found(tar), "FROM a\n", kind);
  }
});

function padded(text: string): Uint8Array {
  const block = new Uint8Array(512);
  new TextEncoder().encodeInto(text, block);
  return block;
}

Deno.test("of several Dockerfiles the last one counts, also where it is no file", async () => {
  const one = await tarBytes({ Dockerfile: "FROM a\n" });
  const two = await tarBytes({ Dockerfile: "FROM b\n" });
  const link = changedHeader(tarHeader("Dockerfile", 0), (bytes) => {
    bytes[156] = "2".charCodeAt(0);
  });
  const begin = one.subarray(0, 1024);
  assertEquals(await found(concatBytes(begin, two)), "FROM b\n");
  assertEquals(await found(concatBytes(begin, link)), undefined);
  assertEquals(
    await found(concatBytes(concatBytes(begin, link), two)),
    "FROM b\n",
  );
  // The large letter goes before the small one, wherever it stands.
  const small = (await tarBytes({ dockerfile: "FROM c\n" })).subarray(0, 1024);
  assertEquals(await found(concatBytes(small, two)), "FROM b\n");
  assertEquals(await found(concatBytes(begin, small)), "FROM a\n");
  assertEquals(
    await found(concatBytes(small, new Uint8Array(1024))),
    "FROM c\n",
  );
  // One that is too long for an error takes its place, too.
  const long = await tarBytes({ Dockerfile: "#".repeat(300_000), a: "a" });
  assertEquals(await found(concatBytes(begin, long)), undefined);
  assertEquals(
    await found(concatBytes(long.subarray(0, -2048), two)),
    "FROM b\n",
  );
});

Deno.test("the Dockerfile of a tar that is packed with gzip is found", async () => {
  const packed = await pack(await tarBytes(FILES));
  for (const pieces of [1, 2, 50, 100_000]) {
    assertEquals(await found(packed, "Dockerfile", pieces), "FROM a\n");
  }
  // Damaged, cut off, and with something behind its end: found as far as it goes.
  assertEquals(await found(packed.subarray(0, 12)), undefined);
  const damaged = packed.slice();
  damaged.fill(0xff, 12, 40);
  assertEquals(await found(damaged), undefined);
  assertEquals(await found(concatBytes(packed, packed)), "FROM a\n");
  assertEquals(await found(new Uint8Array([0x1f])), undefined);
});

Deno.test("of a packed tar no more than the beginning is unpacked", async () => {
  const tap = new ContextTap("Dockerfile");
  // A gigabyte of zeros in a megabyte.
  const packed = await packedTo(1024, "Dockerfile");
  const before = Deno.memoryUsage().external;
  for (let at = 0; at < packed.length; at += 512 * 1024) {
    await tap.push(packed.subarray(at, at + 512 * 1024));
  }
  await tap.end();
  tap.stop();
  assertEquals(tap.text, undefined);
  assertEquals(Deno.memoryUsage().external - before < 256 * 2 ** 20, true);
});

Deno.test("a packed tar that is given up holds nothing", async () => {
  const tap = new ContextTap("Dockerfile");
  const packed = await pack(await tarBytes(FILES));
  await tap.push(packed.subarray(0, packed.length - 20));
  tap.stop();
  await tap.push(packed.subarray(packed.length - 20));
});

Deno.test("a packed Dockerfile is there as soon as the bytes that hold it were taken", async () => {
  const tap = new ContextTap("Dockerfile");
  await tap.push(await pack(await tarBytes(FILES)));
  assertEquals(tap.text, "FROM a\n");
  tap.stop();
});

Deno.test("a path in a header is read to the end of its fields", async () => {
  const text = "FROM a\n";
  const named = (name: string, prefix = "") => {
    const file = entry("x", "0", text);
    const header = changedHeader(file.subarray(0, 512), (block) => {
      block.fill(0, 0, 100).set(new TextEncoder().encode(name));
      block.fill(0, 345, 500).set(new TextEncoder().encode(prefix), 345);
    });
    return concatBytes(header, file.subarray(512));
  };
  const long = "d".repeat(100);
  assertEquals(await found(named(long), long), text);
  assertEquals(await found(named(long), `${long}0`), undefined);
  for (const prefix of ["sub", `${"p".repeat(150)}/abcd`]) {
    const header = named("Dockerfile", prefix);
    // What follows the prefix is no part of it.
    const filled = changedHeader(header.subarray(0, 512), (block) => {
      block.fill(0x78, 500, 512);
    });
    const tar = concatBytes(filled, header.subarray(512));
    assertEquals(await found(tar, `${prefix}/Dockerfile`), text);
    assertEquals(await found(tar, "Dockerfile"), undefined);
  }
});

/** An entry: its header with this type, and what is in it. */
function entry(name: string, type: string, content: string): Uint8Array {
  const bytes = new TextEncoder().encode(content);
  const header = changedHeader(tarHeader(name, bytes.length), (block) => {
    block[156] = type.charCodeAt(0);
  });
  const filled = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  filled.set(bytes);
  return concatBytes(header, filled);
}

/** What is found in these entries, one behind the other. */
async function foundIn(...entries: Uint8Array[]): Promise<string | undefined> {
  const bytes = [...entries, new Uint8Array(1024)].reduce((all, part) =>
    concatBytes(all, part)
  );
  return await found(bytes, "Dockerfile", 64 * 1024);
}

Deno.test("a Dockerfile is kept up to 256 KiB", async () => {
  const most = "#".repeat(256 * 1024);
  assertEquals(await foundIn(entry("Dockerfile", "0", most)), most);
  assertEquals(await foundIn(entry("Dockerfile", "0", `${most}#`)), undefined);
});

Deno.test("headers that belong to an entry count for it alone", async () => {
  const text = "FROM a\n";
  const file = entry("Dockerfile", "0", text);
  const other = entry("other", "0", "b");
  const named = entry("x", "x", "19 path=Dockerfile\n");
  const long = entry("././@LongLink", "L", "Dockerfile\0");
  for (const before of [named, long]) {
    assertEquals(await foundIn(before, entry("y", "0", text)), text);
    assertEquals(await foundIn(before, entry("y", "0", text), other), text);
    // Those of all entries, and of a link's target, may stand between.
    for (const type of ["g", "K"]) {
      const between = entry("Dockerfile", type, "none\0");
      assertEquals(
        await foundIn(before, between, entry("y", "0", text)),
        text,
      );
      assertEquals(await foundIn(file, between, other), text);
    }
    const stranger = entry("y", "0", "its own");
    assertEquals(await foundIn(before, stranger, file), text);
  }
  // PAX goes before GNU, and what can't be read is none.
  const elsewhere = entry("././@LongLink", "L", "elsewhere\0");
  assertEquals(await foundIn(named, elsewhere, entry("y", "0", text)), text);
  const broken = entry("x", "x", "19 path\n");
  assertEquals(await foundIn(broken, file), text);
});

Deno.test("headers are read up to a mebibyte, as engines do", async () => {
  const file = entry("Dockerfile", "0", "FROM a\n");
  const fill = (type: string, length: number) =>
    entry("x", type, "Dockerfile\0".padEnd(length, "\0"));
  for (const type of ["L", "x"]) {
    assertEquals(await foundIn(fill(type, 2 ** 20), file), "FROM a\n");
    assertEquals(await foundIn(fill(type, 2 ** 20 + 1), file), undefined);
    // What stands in one that is longer is not taken for an entry.
    const header = fill(type, 2 ** 20 + 1).subarray(0, 512);
    assertEquals(await foundIn(header, file), undefined);
  }
  // A link has nothing in it, whatever its size says.
  const link = changedHeader(tarHeader("link", 700), (block) => {
    block[156] = "2".charCodeAt(0);
  });
  assertEquals(await foundIn(link, file), "FROM a\n");
  const wrong = tarHeader("a", 0).fill(0x37, 148, 154);
  assertEquals(await foundIn(wrong, file), undefined);
});

Deno.test("of a packed tar 64 MiB are looked at", async () => {
  for (const [megabytes, isFound] of [[63, true], [64, false]] as const) {
    const packed = await packedTo(megabytes, "Dockerfile");
    assertEquals(
      await found(packed, "Dockerfile", 2 ** 20),
      isFound ? "" : undefined,
    );
  }
});

import { checkFiles } from "../../lib/imagebuild/context/given_files.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("checkFiles() takes paths as they are meant", () => {
  const files = checkFiles({
    "./a": "1",
    "b//c/./d": "2",
    "ünï \n*?": "3",
    "a.b": "4",
    [`${"x".repeat(255)}/y`]: "5",
    "..a/b..": "6",
    "b/e": { link: "../../anywhere" },
    __proto__x: "7",
  });
  assertEquals([...files.keys()], [
    "a",
    "b/c/d",
    "ünï \n*?",
    "a.b",
    `${"x".repeat(255)}/y`,
    "..a/b..",
    "b/e",
    "__proto__x",
  ]);
});

Deno.test("checkFiles() refuses what can't be a file of a context, and says why", () => {
  const cases: [unknown, RegExp][] = [
    [5, /files is an object of paths/],
    [null, /files is an object of paths/],
    [[["a", "b"]], /files is an object of paths/],
    [new Map([["a", "b"]]), /Object\.fromEntries/],
    [{ "": "" }, /names nothing/],
    [{ ".": "" }, /names nothing/],
    [{ "./": "" }, /names nothing/],
    [{ "/a": "" }, /is absolute/],
    [{ "//a": "" }, /is absolute/],
    [{ "../a": "" }, /could lead elsewhere/],
    [{ "a/../b": "" }, /could lead elsewhere/],
    [{ "a/..": "" }, /could lead elsewhere/],
    [{ "a\0b": "" }, /holds a NUL/],
    [{ "a\ud800": "" }, /no UTF-16/],
    [{ "a/": "" }, /names a folder/],
    [{ "a/.": "" }, /names a folder/],
    [{ ["x".repeat(256)]: "" }, /longer than Linux takes/],
    [{ ["é".repeat(128)]: "" }, /longer than Linux takes/],
    [{ ["x/".repeat(2048) + "y"]: "" }, /longer than Linux takes/],
    [{ a: "", "./a": "" }, /"\.\/a" in files is there twice, also as "a"/],
    [{ "a//b": "", "a/b": "" }, /there twice/],
    [{ a: "", "a/b": "" }, /"a\/b" in files lies below "a"/],
    [{ "a/b/c/d": "", "./a/b": "" }, /lies below "a\/b"/],
    [{ "a/b": "", a: { link: "x" } }, /lies below "a"/],
    [{ a: undefined }, /it is undefined: the variable was never set/],
    [{ a: 5 }, /expected text, .* it is a number/],
    [{ a: Promise.resolve("") }, /await it/],
    [{ a: new ArrayBuffer(1) }, /new Uint8Array\(buffer\)/],
    [{ a: new ReadableStream() }, /whole, as in await new Response\(/],
    [{ a: (async function* () {})() }, /whole, as in await new Response\(/],
    [{ a: new TransformStream() }, /whole, as in await new Response\(/],
    [{ a: new Response("x") }, /await response\.blob\(\)$/],
    [{ a: ["x"] }, /it is an array$/],
    [{ a: { text: "x" } }, /has no "text": expected \{ content, /],
    [{ a: {} }, /is no file/],
    [{ a: { content: "", size: 5 } }, /has no "size"/],
    [{ a: { content: new ReadableStream() } }, /is no file/],
    [{ a: { content: "", mode: -1 } }, /mode from 0 to 0o7777/],
    [{ a: { content: "", mode: 0o100644 } }, /mode from 0 to 0o7777/],
    [{ a: { content: "", mode: "644" } }, /mode from 0 to 0o7777/],
    [{ a: { content: "", mtime: new Date(NaN) } }, /mtime/],
    [{ a: { content: "", mtime: -1 } }, /mtime/],
    [{ a: { content: "", mtime: "2020" } }, /mtime/],
    [{ a: { content: "", mtime: 1e300 } }, /mtime/],
    [{ a: { link: "" } }, /what can't be a path/],
    [{ a: { link: "a\0" } }, /what can't be a path/],
    [{ a: { link: "x".repeat(4096) } }, /what can't be a path/],
    [{ a: { link: 5 } }, /what can't be a path/],
    [{ a: { link: "x", mode: 5 } }, /is a link, and has no "mode"/],
  ];
  for (const [given, words] of cases) {
    const error = assertThrows(() => checkFiles(given), TypeError);
    assert(words.test(error.message), error.message);
    assert(error.message.length < 500, error.message);
  }
});

Deno.test("checkFiles() copies bytes that others may change, and shows long paths in part", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(7);
  const { content } = checkFiles({ a: shared }).get("a")!;
  assertEquals(content, Uint8Array.of(7, 7));
  assert((content as Uint8Array).buffer instanceof ArrayBuffer);
  for (
    const [length, shown] of [[200, "x".repeat(199)], [
      201,
      "x".repeat(199),
    ]] as const
  ) {
    const path = `/${"x".repeat(length - 1)}`;
    const error = assertThrows(() => checkFiles({ [path]: "" }), TypeError);
    assertEquals(
      error.message,
      `Cannot build: "/${shown}${
        length > 200 ? "…" : ""
      }" in files is absolute: paths are relative`,
    );
  }
  const deep = `${"x/".repeat(2047)}y`;
  assertEquals([...checkFiles({ [deep]: "" }).keys()], [deep]);
  for (
    const [given, words] of [
      [{ content: "", mode: 0o10000 }, "mode from 0 to 0o7777"],
      [{ content: "", mode: 1.5 }, "mode from 0 to 0o7777"],
      [{ content: "", mtime: 253_402_300_800_000 }, "mtime"],
    ] as const
  ) assertThrows(() => checkFiles({ a: given }), TypeError, words);
});

Deno.test("checkFiles() keeps what was given", () => {
  const bytes = Uint8Array.of(1, 2);
  const blob = new Blob(["x"]);
  const files = checkFiles({
    a: bytes,
    b: blob,
    c: { content: "x", mode: 0o755, mtime: 1234.5 },
    d: { content: bytes, mtime: new Date(5) },
    e: { link: "a" },
    f: { content: "", mode: 0, mtime: 0 },
    g: { content: "", mode: 0o7777, mtime: 253_402_300_799_999 },
    h: { link: "x".repeat(4095) },
    i: "",
  });
  assertEquals(Object.fromEntries(files), {
    a: { content: bytes, mode: 0o644, mtimeMs: undefined },
    b: { content: blob, mode: 0o644, mtimeMs: undefined },
    c: { content: Uint8Array.of(120), mode: 0o755, mtimeMs: 1234 },
    d: { content: bytes, mode: 0o644, mtimeMs: 5 },
    e: { content: { target: "a" }, mode: 0o777, mtimeMs: undefined },
    f: { content: new Uint8Array(), mode: 0, mtimeMs: 0 },
    g: {
      content: new Uint8Array(),
      mode: 0o7777,
      mtimeMs: 253_402_300_799_999,
    },
    h: {
      content: { target: "x".repeat(4095) },
      mode: 0o777,
      mtimeMs: undefined,
    },
    i: { content: new Uint8Array(), mode: 0o644, mtimeMs: undefined },
  });
  assert(files.get("a")!.content === bytes, "it is not copied");
});

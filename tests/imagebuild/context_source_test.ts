import { sourceOf } from "../../lib/imagebuild/context/source.ts";
import type { BuildContext } from "../../mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

/** The address that an engine fetches; undefined for a folder. */
function remote(given: BuildContext): string | undefined {
  const source = sourceOf(given);
  return source.kind === "remote" ? source.url : undefined;
}

Deno.test("sourceOf() tells addresses from paths as docker does", async () => {
  const addresses = [
    "https://example.com/x.git",
    "http://example.com/x.tar.gz",
    "git://example.com/x",
    "ssh://git@example.com/x",
    "git@example.com:owner/name.git",
    "me@git.example.com:name#main:sub",
    "github.com/owner/name",
  ];
  for (const address of addresses) assertEquals(remote(address), address);
  for (const path of ["app", "./github.com/x", "a@b", "a/b@c:d", "/x:y"]) {
    assertEquals(remote(path), undefined, path);
  }
  await withTempFolder(async (root) => {
    const before = Deno.cwd();
    Deno.chdir(root);
    try {
      // A folder of that name is what is meant.
      for (const path of ["github.com/owner/name", "me@example.com:x"]) {
        assertEquals(remote(path), path);
        await Deno.mkdir(path, { recursive: true });
        assertEquals(remote(path), undefined);
        assertEquals(remote({ context: path, dockerfile: "x" }), undefined);
      }
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("sourceOf() says what is wrong with what is neither", () => {
  const cases: [BuildContext, RegExp][] = [
    ["ftp://example.com/x", /can't be a ftp: URL/],
    [new URL("ws://example.com/x"), /can't be a ws: URL/],
    ["-", /Deno\.stdin\.readable/],
    ["file:app", /file:\/\/\//],
    ["C:\\app", /Windows/],
    [new URL("data:,x"), /data: URL; an engine fetches https:/],
    [{ dockerfile: "https://example.com/x" }, /https: URL; it is a path/],
    ["", /empty text; the current folder is "\."/],
    ["a\0b", /no path: it holds a NUL/],
    [{ dockerfile: "file:Dockerfile" }, /file:\/\/\//],
    [{ dockerfile: "-" }, /Deno\.stdin\.readable/],
  ];
  for (const [given, words] of cases) {
    const error = assertThrows(() => sourceOf(given), TypeError);
    assert(words.test(error.message), error.message);
  }
});

Deno.test("sourceOf() shows how something is written that can't be a context", () => {
  const cases: [unknown, RegExp][] = [
    [undefined, /it is undefined: the variable was never set/],
    [null, /it is null/],
    [5, /it is a number/],
    [Promise.resolve("x"), /await it/],
    [new Response("x"), /give its body/],
    [new Request("http://localhost"), /request\.body/],
    [new ArrayBuffer(5), /new Uint8Array\(buffer\)/],
    [new DataView(new ArrayBuffer(5)), /view\.byteOffset/],
    [{ readable: new ReadableStream(), x: 1 }, /has no "readable"/],
    [new TransformStream(), /file\.readable/],
    [new WritableStream(), /a stream to write to/],
    [[new Uint8Array(5)], /ReadableStream\.from/],
    [new Map([["a", "b"]]), /Object\.fromEntries/],
    [new Set([new Uint8Array(5)]), /it is a list: .*ReadableStream\.from/],
    [new (class extends Date {})(), /the context is/],
    [{ _events: {} }, /has no "_events"; it is \{ context, /],
    [{ context: new ReadableStream() }, /a tar is given alone/],
    [{ context: new Uint8Array(5) }, /a tar is given alone/],
    [{ context: 5 }, /context is the path of a folder.* it is a number/],
    [{ context: null }, /it is null/],
    [{ context: ".", dockerfile: 5 }, /a Dockerfile is .* it is a number/],
    [{ context: ".", dockerfile: null }, /a Dockerfile is .* it is null/],
    [{ dockerfile: Promise.resolve() }, /a Dockerfile is .* await it/],
  ];
  for (const [given, words] of cases) {
    const error = assertThrows(
      () => sourceOf(given as BuildContext),
      TypeError,
    );
    assert(words.test(error.message), error.message);
  }
});

import { contextName } from "../../lib/imagebuild/checks/context_name.ts";
import {
  giveBackSources,
  namedSources,
} from "../../lib/imagebuild/context/named_source.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("contextName() is the short form of a name, and of what is none there is none", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  for (
    const [given, name] of [
      ["deps", "deps"],
      ["busybox:latest", "busybox"],
      ["busybox:1.36", "busybox:1.36"],
      ["docker.io/library/busybox:latest", "busybox"],
      ["index.docker.io/busybox", "busybox"],
      ["docker.io/owner/app", "owner/app"],
      ["library/a", "a"],
      ["library/a/b", "library/a/b"],
      ["owner/library/a", "owner/library/a"],
      ["localhost/a:latest", "localhost/a"],
      ["LOCAL/a", "LOCAL/a"],
      ["r.example:5000/a/b:2", "r.example:5000/a/b:2"],
      ["r.example/library/a", "r.example/library/a"],
      ["[::1]:5000/a", "[::1]:5000/a"],
      ["a_b__c-d---e.f", "a_b__c-d---e.f"],
      [`a@${digest}`, `a@${digest}`],
      [`a:latest@${digest}`, `a:latest@${digest}`],
      ["0".repeat(63), "0".repeat(63)],
      // 255 characters with the `library/` that is left out.
      ["a".repeat(247), "a".repeat(247)],
      ["a".repeat(248), undefined],
      [`a/${"a".repeat(253)}`, `a/${"a".repeat(253)}`],
      [`r.example/${"a".repeat(255)}`, `r.example/${"a".repeat(255)}`],
      [`r.example/${"a".repeat(256)}`, undefined],
      ["0".repeat(64), undefined],
      ["", undefined],
      ["Deps", undefined],
      ["a b", undefined],
      ["a_-b", undefined],
      ["a___b", undefined],
      ["a..b", undefined],
      ["a/", undefined],
      ["/a", undefined],
      ["-a", undefined],
      ["a-", undefined],
      ["a:", undefined],
      ["a:-b", undefined],
      ["a@sha256:00", undefined],
      ["-r.example/a", undefined],
      ["r.example-/a", undefined],
      ["r.example:x/a", undefined],
      ["r.example:5000/A", undefined],
      ["a::b", undefined],
    ] as const
  ) assertEquals(contextName(given), name, given);
});

Deno.test("namedSources() sorts what may stand behind a name", () => {
  const stream = new ReadableStream<Uint8Array>();
  const digest = `sha256:${"a".repeat(64)}`;
  const folder = { kind: "folder", dockerfile: undefined, files: undefined };
  const layout = { kind: "layout", tag: undefined, digest: undefined };
  for (
    const [given, source] of [
      ["./deps", { ...folder, path: "./deps", ignore: undefined }],
      [new URL("file:///a"), { ...folder, path: "/a", ignore: undefined }],
      [
        { context: "deps", ignore: ["a"] },
        { ...folder, path: "deps", ignore: ["a"] },
      ],
      [stream, { kind: "tar", stream }],
      ["docker-image://a:1", { kind: "remote", url: "docker-image://a:1" }],
      [
        "docker-image://scratch",
        { kind: "remote", url: "docker-image://scratch" },
      ],
      ["https://a.example/b", { kind: "file", url: "https://a.example/b" }],
      [
        "http://a.example/b.tar.gz?x=.git",
        { kind: "file", url: "http://a.example/b.tar.gz?x=.git" },
      ],
      [
        "https://a.example/b.github",
        { kind: "file", url: "https://a.example/b.github" },
      ],
      ...[
        "https://a.example/b.git",
        "https://a.example/b.git#main:sub",
        "https://a.example/b.git?ref=main",
        "git://a.example/b",
        "ssh://git@a.example/b",
        "git@a.example:b",
      ].map((url) => [url, { kind: "remote", url }] as const),
      ["oci-layout://./a", { ...layout, path: "./a" }],
      ["oci-layout:///a/b:1.2", { ...layout, path: "/a/b", tag: "1.2" }],
      ["oci-layout://a:1/b", { ...layout, path: "a:1/b" }],
      [`oci-layout://a@${digest}`, { ...layout, path: "a", digest }],
      [
        `oci-layout://a:1@${digest}`,
        { ...layout, path: "a", tag: "1", digest },
      ],
    ] as const
  ) {
    const sources = namedSources({ "deps:latest": given, none: undefined });
    assertEquals([...sources.keys()], ["deps"]);
    assertEquals<unknown>(sources.get("deps"), source, Deno.inspect(given));
  }
  assertEquals(namedSources(undefined).size, 0);
  assertEquals(namedSources({}).size, 0);
});

Deno.test("namedSources() says which context is wrong, and what to do", () => {
  for (
    const [given, words] of [
      [{ Deps: "." }, /contexts "Deps": .*; it is in lower case: "deps"$/],
      [{ "a b": "." }, /contexts "a b": the name can be neither .*'s$/],
      [{ a: ".", "a:latest": "." }, /"a:latest": it is there twice.*"a"$/],
      [{ a: "" }, /contexts "a": context is an empty text/],
      [{ a: 5 }, /contexts "a": the context is the path/],
      [{ a: { dockerfile: "x" } }, /"a": it has no Dockerfile/],
      [{ a: { other: "x" } }, /"a": a context has no "other"/],
      [{ a: "ftp://a.example" }, /"a": context can't be a ftp: URL/],
      [{ a: "docker-image://" }, /"docker-image:\/\/" names no image/],
      [{ a: "docker-image://a b" }, /names no image/],
      [{ a: "oci-layout://" }, /names no image: expected oci-layout/],
      [{ a: "oci-layout://a:" }, /names no image/],
      [{ a: "oci-layout://a@sha256:00" }, /names no image/],
      [{ a: "oci-layout://a\0" }, /names no image/],
      [{ a: "target:x" }, /"a": target: is between/],
      [{ a: "input:x" }, /"a": input: is between/],
      [{ a: "local:x" }, /"a": local: is between/],
      [{ a: "github.com/a/b" }, /takes no "github.com\/a\/b".*\.git/],
      [{ a: "me@a.example:b" }, /takes no "me@a.example:b"/],
      ["deps=.", /contexts: expected an object/],
      [new Map(), /Object\.fromEntries/],
    ] as const
  ) {
    const error = assertThrows(() => namedSources(given), TypeError);
    assert(words.test(error.message), error.message);
    assert(/^Cannot (?:build with|use) contexts/.test(error.message));
  }
  // What the main context's check says is the cause.
  const errorOf = (given: unknown) =>
    assertThrows(() => namedSources(given), TypeError);
  assert(errorOf({ a: 5 }).cause instanceof TypeError);
  assertEquals("cause" in errorOf({ Bad: "." }), false);
});

Deno.test("namedSources() cancels every stream if one context can't be used", () => {
  const reasons: unknown[] = [];
  const stream = () =>
    new ReadableStream<Uint8Array>({
      cancel: (reason) => void reasons.push(reason),
    });
  const locked = stream();
  locked.getReader();
  const error = assertThrows(
    () =>
      namedSources({
        a: stream(),
        b: 5,
        c: stream(),
        Bad: stream(),
        e: "folder",
        "a:latest": stream(),
        locked,
      }),
    TypeError,
    'contexts "b"',
  );
  assertEquals(reasons, [error, error, error, error]);
  // A Dockerfile that a context by name can't have is cancelled, too.
  assertThrows(() => namedSources({ a: { dockerfile: stream() } }), TypeError);
  assertEquals(reasons.length, 5);
  const sources = namedSources({ a: stream(), b: "folder" });
  giveBackSources(sources.values(), "over");
  assertEquals(reasons.slice(5), ["over"]);
});

import { checkOutputs } from "../../lib/imagebuild/checks/output.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import type { BuildOutput } from "../../lib/imagebuild/output_options.ts";
import { checkRequest } from "./request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

/** The attributes of one output. */
function attrsOf(output: object): Readonly<Record<string, string>> {
  return checkOutputs(output as BuildOutput)[0]!.attrs;
}

Deno.test("the options of an image are attributes of its exporter, in a store and in an archive", () => {
  const options = {
    compression: "zstd",
    compressionLevel: 3,
    forceCompression: true,
    ociMediatypes: false,
    rewriteTimestamp: true,
  };
  const attrs = {
    "compression": "zstd",
    "compression-level": "3",
    "force-compression": "true",
    "oci-mediatypes": "false",
    "rewrite-timestamp": "true",
  };
  for (
    const output of [
      { type: "moby" },
      { type: "image" },
      { type: "oci", dest: "a" },
      { type: "docker", dest: "a" },
    ]
  ) {
    assertEquals(attrsOf({ ...output, ...options }), attrs);
    assertEquals(attrsOf({ ...output, ...options, attrs: { x: "y" } }), {
      x: "y",
      ...attrs,
    });
    assertEquals(attrsOf(output), {});
    // Undefined counts as not given.
    assertEquals(attrsOf({ ...output, compression: undefined }), {});
  }
  assertEquals(attrsOf({ type: "image", push: true }), { push: "true" });
  assertEquals(attrsOf({ type: "image", push: false }), { push: "false" });
});

Deno.test("each compression has its levels", () => {
  const level = (compression: string | undefined, compressionLevel: unknown) =>
    attrsOf({ type: "image", compression, compressionLevel })[
      "compression-level"
    ];
  for (
    const [compression, most] of [
      ["uncompressed", 0],
      ["gzip", 9],
      ["estargz", 9],
      ["zstd", 22],
      [undefined, 9],
    ] as const
  ) {
    assertEquals(level(compression, 0), "0");
    assertEquals(level(compression, most), `${most}`);
    for (const wrong of [-1, most + 1, 0.5, NaN, "1", null]) {
      const error = assertThrows(() => level(compression, wrong), RangeError);
      assertEquals(
        error.message,
        `Cannot use compressionLevel ${wrong}: expected a whole number from 0 to ${most}`,
      );
    }
  }
});

Deno.test("an image that the type registry asks for is pushed", () => {
  assertEquals(checkOutputs('{"Type":"registry"}'), [
    { type: "image", attrs: { push: "true" } },
  ]);
  assertEquals(
    checkOutputs({ type: "registry", attrs: { name: "a", push: "false" } }),
    [{ type: "image", attrs: { name: "a", push: "false" } }],
  );
});

Deno.test("outputs that exclude each other, and options that they do not have, are refused", () => {
  for (
    const [outputs, words] of [
      [
        [{ type: "moby" }, { type: "image" }],
        "Cannot use outputs: two are images in the engine's store; give one, with all names",
      ],
      [
        [{ type: "local", dest: "a" }, { type: "cacheonly" }],
        'Cannot use outputs: "cacheonly" stands for no output; leave it out beside others',
      ],
      [
        [{ type: "image", compresion: "zstd" }],
        'Cannot use the output: there is no option "compresion"',
      ],
      [
        [{ type: "local", dest: "a", compression: "zstd" }],
        'Cannot export: there is no option "compression"; expected one of type, Type, dest, attrs, Attrs, maxEntries, maxBytes',
      ],
      [
        [{ type: "oci", dest: "a", push: true }],
        'Cannot export: there is no option "push"',
      ],
      [
        [{ type: "image", compression: "lzma" }],
        'Cannot use compression "lzma": expected one of uncompressed, gzip, estargz, zstd',
      ],
      [
        [{ type: "image", compression: "toString" }],
        'Cannot use compression "toString": expected one of uncompressed, gzip, estargz, zstd',
      ],
      [
        [{ type: "image", push: "true" }],
        "Cannot use push: expected true or false",
      ],
      [
        [{ type: "oci", dest: "a", ociMediatypes: "true" }],
        "Cannot use ociMediatypes: expected true or false",
      ],
      [
        [{ type: "oci", dest: "a", rewriteTimestamp: 1 }],
        "Cannot use rewriteTimestamp: expected true or false",
      ],
      [
        [{ type: "image", forceCompression: null }],
        "Cannot use forceCompression: expected true or false",
      ],
      [
        [{ type: "image", push: true, attrs: { push: "true" } }],
        'Cannot use outputs: "push" is given as an option and in attrs',
      ],
      [
        [{ type: "registry", push: true }],
        'Cannot use outputs: "push" is given as an option and in attrs',
      ],
      [
        [{
          type: "docker",
          dest: "a",
          compression: "gzip",
          attrs: { compression: "gzip" },
        }],
        'Cannot use outputs: "compression" is given as an option and in attrs',
      ],
    ] as [BuildOutput[], string][]
  ) {
    const error = assertThrows(() => checkOutputs(outputs), TypeError);
    assertEquals(error.message, words);
  }
});

Deno.test("files of layers get a time only where one is given", () => {
  const local = { type: "local", dest: "a" } as const;
  const oci = { type: "oci", dest: "b" } as const;
  const rewritten = { ...oci, rewriteTimestamp: true };
  for (
    const options of [
      {},
      { buildargs: { SOURCE_DATE_EPOCH: "" } },
      { buildargs: { SOURCE_DATE_EPOCH: null } },
    ]
  ) {
    const error = assertThrows(
      () => requestOf({ outputs: [local, rewritten], ...options }),
      TypeError,
    );
    assertEquals(
      error.message,
      "Cannot build with rewriteTimestamp: it needs a time; give sourceDateEpoch",
    );
  }
  requestOf({ outputs: rewritten, sourceDateEpoch: 0 });
  requestOf({ outputs: rewritten, buildargs: { SOURCE_DATE_EPOCH: "1" } });
  requestOf({ outputs: { ...oci, rewriteTimestamp: false } });
  requestOf({
    outputs: { ...rewritten, attrs: { "source-date-epoch": "1" } },
  });
  // BuildKit takes an empty value as true.
  assertThrows(
    () =>
      requestOf({ outputs: { ...oci, attrs: { "rewrite-timestamp": "" } } }),
    TypeError,
  );
});

Deno.test("a docker archive for several platforms is refused before anything is built", () => {
  const outputs = [{ type: "moby" }, { type: "docker", dest: "a" }] as const;
  const platform = ["linux/amd64", "linux/arm64"];
  const error = assertThrows(
    () => requestOf({ outputs, platform }),
    UnsupportedError,
  );
  assertEquals(error.feature, 'output "docker"');
  requestOf({ outputs, platform: platform[0] });
  requestOf({ outputs: { type: "oci", dest: "a" }, platform });
});

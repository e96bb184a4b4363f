import { isContainerdStore } from "../../lib/engine/info.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import { containerdNeed } from "../../lib/imagebuild/checks/store.ts";
import { names, scratch } from "./scratch.ts";
import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { ArchiveStream } from "../../lib/exporter/archive_stream.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { checkExport, isExport } from "../../lib/exporter/output.ts";

Deno.test("checkExport takes paths, URLs, streams, and dest among the attributes", () => {
  const cases = [
    ["local", { dest: "out" }, FolderExporter],
    ["local", { dest: new URL("file:///tmp/out") }, FolderExporter],
    ["local", { Attrs: { dest: "file:///tmp/out" } }, FolderExporter],
    ["tar", { dest: "out.tar", attrs: {}, maxBytes: 5 }, ArchiveFile],
    ["oci", { dest: "out.tar", attrs: { tar: "true" } }, ArchiveFile],
    ["docker", { dest: new WritableStream() }, ArchiveStream],
  ] as const;
  for (const [type, given, kind] of cases) {
    assertInstanceOf(checkExport(type, given).exporter, kind);
  }
  const { attrs } = checkExport("local", {
    Attrs: { dest: "out", "platform-split": "false" },
  });
  assertEquals(attrs, { "platform-split": "false" });
});

Deno.test("checkExport goes by what a URL names, as text too", async () => {
  await using place = await scratch();
  const url = `file://${place.path}/out`;
  for (const dest of [`${place.path}/out`, url, new URL(url)]) {
    for (const type of ["local", "tar"] as const) {
      const { exporter } = checkExport(type, { dest });
      await exporter.prepare();
      assertEquals((await names(place.path)).length, 1);
      await exporter.discard();
      assertEquals(await names(place.path), []);
    }
  }
});

Deno.test("checkExport has limits of its own, and takes others of 0 and above", () => {
  for (const given of [{}, { maxBytes: 0 }, { maxEntries: 0 }]) {
    checkExport("local", { dest: "out", ...given });
  }
  for (const name of ["maxEntries", "maxBytes"]) {
    for (const wrong of [-1, NaN, "1", null]) {
      assertThrows(
        () => checkExport("local", { dest: "out", [name]: wrong }),
        RangeError,
        `Cannot export: ${name} is a number, 0 or above`,
      );
    }
  }
});

Deno.test("checkExport: how an image is written is asked for where there is one", () => {
  for (const type of ["oci", "docker"] as const) {
    for (
      const [format, expected] of [
        [{}, {}],
        [{ compression: "zstd", compressionLevel: 22 }, {
          compression: "zstd",
          "compression-level": "22",
        }],
        [{ compression: "uncompressed", compressionLevel: 0 }, {
          compression: "uncompressed",
          "compression-level": "0",
        }],
        [{ compressionLevel: 9 }, { "compression-level": "9" }],
        [
          {
            forceCompression: true,
            ociMediatypes: false,
            rewriteTimestamp: true,
          },
          {
            "force-compression": "true",
            "oci-mediatypes": "false",
            "rewrite-timestamp": "true",
          },
        ],
      ]
    ) {
      const { attrs } = checkExport(type, { dest: "out.tar", ...format });
      assertEquals(attrs, expected as Record<string, string>);
    }
    for (
      const [format, kind, words] of [
        [{ compression: "lzma" }, TypeError, '"lzma": expected one of'],
        [{ compression: 5 }, TypeError, "5: expected one of"],
        [{ compression: "toString" }, TypeError, "expected one of"],
        [{ compressionLevel: 10 }, RangeError, "number from 0 to 9"],
        [{ compressionLevel: -1 }, RangeError, "number from 0 to 9"],
        [{ compressionLevel: 1.5 }, RangeError, "number from 0 to 9"],
        [{ compressionLevel: "1" }, RangeError, "number from 0 to 9"],
        [
          { compression: "zstd", compressionLevel: 23 },
          RangeError,
          "number from 0 to 22",
        ],
        [
          { compression: "uncompressed", compressionLevel: 1 },
          RangeError,
          "number from 0 to 0",
        ],
        [{ ociMediatypes: "true" }, TypeError, "expected true or false"],
        [
          { compression: "gzip", attrs: { compression: "zstd" } },
          TypeError,
          "is given as an option and in attrs",
        ],
        [{ maxByte: 1 }, TypeError, "maxByte"],
      ] as const
    ) {
      assertThrows(
        () => checkExport(type, { dest: "out.tar", ...format }),
        kind,
        words,
      );
    }
  }
  for (const type of ["local", "tar"] as const) {
    for (const wrong of ["compression", "ociMediatypes", "maxByte"]) {
      assertThrows(
        () => checkExport(type, { dest: "out", [wrong]: undefined }),
        TypeError,
        wrong,
      );
    }
  }
});

Deno.test("checkExport refuses what can't work, by its name", () => {
  const locked = new WritableStream();
  locked.getWriter();
  const cases: [
    Parameters<typeof checkExport>,
    // deno-lint-ignore no-explicit-any -- as assertThrows has it
    new (...args: any[]) => Error,
    string,
  ][] = [
    [["local", {}], TypeError, "path of a folder"],
    [["local", { dest: "" }], TypeError, "path of a folder"],
    [["local", { dest: "a\0b" }], TypeError, "path of a folder"],
    [["tar", { dest: 5 }], TypeError, "path of a file"],
    [["tar", { dest: new URL("https://x.test/") }], TypeError, "file: URL"],
    [["tar", { dest: "-" }], TypeError, "Deno.stdout.writable"],
    [["tar", { dest: locked }], TypeError, "in use"],
    [["local", { dest: new WritableStream() }], TypeError, 'type "tar"'],
    [["local", { dest: "x", attrs: { a: 1 } }], TypeError, "attrs"],
    [["local", { dest: "x", attrs: null, Attrs: [] }], TypeError, "attrs"],
    [["local", { dest: "x", maxEntries: -1 }], RangeError, "maxEntries"],
    [["tar", { dest: "x", maxBytes: NaN }], RangeError, "maxBytes"],
    [
      ["local", { dest: "x", attrs: { mode: "delete" } }],
      UnsupportedError,
      "never deletes",
    ],
    [["oci", { dest: "x", attrs: { tar: "false" } }], UnsupportedError, "tar"],
  ];
  for (const [args, kind, words] of cases) {
    assertThrows(() => checkExport(...args), kind, words);
  }
});

Deno.test("isExport and containerdNeed know what comes back, and from which engines", () => {
  assertEquals(
    ["local", "tar", "oci", "docker", "moby", "image", "cacheonly", undefined]
      .map(isExport),
    [true, true, true, true, false, false, false, false],
  );
  const needOf = (type: string) =>
    containerdNeed({
      outputs: [{ type, attrs: {} }],
      makesImage: false,
      platforms: [],
      attestations: [],
      annotations: [],
      cacheExports: [],
      contexts: new Map(),
    });
  assertEquals(needOf("tar"), undefined);
  const containerd = ["driver-type", "io.containerd.snapshotter.v1"] as const;
  assertEquals(isContainerdStore({ DriverStatus: [[...containerd]] }), true);
  const graph = ["Backing Filesystem", "extfs"] as const;
  assertEquals(isContainerdStore({ DriverStatus: [[...graph]] }), false);
  for (const type of ["oci", "docker"]) {
    const error = needOf(type);
    assertInstanceOf(error, UnsupportedError);
    assertStringIncludes(error.message, "containerd image store");
  }
});

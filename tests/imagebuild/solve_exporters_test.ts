import type { BuildHost } from "../../lib/imagebuild/host.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import {
  type AskedExporter,
  solveExporters,
} from "../../lib/imagebuild/ways/solve_exporters.ts";
import { buildQuery } from "../../lib/imagebuild/ways/build_query.ts";
import { assertEquals } from "../support/assert.ts";

/** The exporters that these options ask for. */
function exporters(
  options: ImageBuildOptions,
  host: Pick<BuildHost, "keepsImages"> = { keepsImages: true },
): readonly AskedExporter[] {
  return solveExporters(
    checkRequest(options, { kind: "tar", stream: new ReadableStream() }, host),
    host,
  );
}

Deno.test("an image goes into the engine's store unless an output is given, by its names in full", () => {
  assertEquals(exporters({}), [{ type: "moby", attrs: {} }]);
  assertEquals(exporters({ outputs: [] }), [{ type: "moby", attrs: {} }]);
  assertEquals(exporters({ tag: ["a", "h:5000/b:1", "a:latest"] }), [{
    type: "moby",
    attrs: { name: "docker.io/library/a:latest,h:5000/b:1" },
  }]);
  assertEquals(exporters({ outputs: { type: "cacheonly" }, tag: "a" }), []);
  // A name of the output is one of the image's names, beside the tags.
  const outputs = { type: "image", attrs: { name: "b:1,a", x: "y" } } as const;
  assertEquals(exporters({ outputs, tag: ["a"] }), [{
    type: "moby",
    attrs: {
      x: "y",
      name: "docker.io/library/a:latest,docker.io/library/b:1",
    },
  }]);
  assertEquals(
    buildQuery(checkRequest({ outputs, tag: ["a"] }, {
      kind: "tar",
      stream: new ReadableStream(),
    })).t,
    ["a", "b:1"],
  );
});

Deno.test("images come last, for the answer tells of the last; the rest keeps its order", () => {
  const [folder, archive, files, image, ...more] = exporters({
    tag: "a",
    outputs: [
      { type: "local", dest: "out", attrs: { "platform-split": "false" } },
      { type: "image" },
      { type: "oci", dest: "a.oci", attrs: { name: "c:2," } },
      { type: "tar", dest: "a.tar" },
    ],
  });
  assertEquals(more, []);
  assertEquals(folder, {
    type: "local",
    attrs: { "platform-split": "false" },
  });
  const name = "docker.io/library/a:latest";
  assertEquals(image, { type: "moby", attrs: { name } });
  assertEquals(archive, {
    type: "oci",
    attrs: { name: "docker.io/library/c:2" },
  });
  assertEquals(files, { type: "tar", attrs: {} });
  assertEquals(
    exporters({ tag: "a", outputs: { type: "docker", dest: "a.tar" } }),
    [{ type: "docker", attrs: { name } }],
  );
});

Deno.test("attributes that the exporter moby refuses are given to the exporter image", () => {
  for (
    const [attr, type] of [
      ["rewrite-timestamp", "image"],
      ["unpack", "image"],
      ["store", "image"],
      ["compression", "moby"],
    ]
  ) {
    const attrs = { [attr!]: "true" };
    const outputs = { type: "moby", attrs } as const;
    const options = { outputs, sourceDateEpoch: 1 };
    assertEquals(exporters(options), [{ type: type!, attrs }]);
    const query = buildQuery(checkRequest(options, {
      kind: "tar",
      stream: new ReadableStream(),
    }));
    assertEquals(query.outputs, JSON.stringify([{ Type: type, Attrs: attrs }]));
  }
});

Deno.test("annotations are attributes of every exporter of an image", () => {
  const annotations = {
    "a.b": "1",
    "index:c": "2",
    "manifest[linux/amd64],manifest-descriptor:d": "3",
  };
  const attrs = {
    "annotation.a.b": "1",
    "annotation-index.c": "2",
    "annotation-manifest[linux/amd64].d": "3",
    "annotation-manifest-descriptor.d": "3",
  };
  assertEquals(
    exporters({
      annotations,
      attest: { provenance: { inlineOnly: true } },
      outputs: [
        { type: "image", attrs: { "annotation.a.b": "mine" } },
        { type: "docker", dest: "a.tar" },
        { type: "tar", dest: "b.tar" },
      ],
    }),
    [
      { type: "docker", attrs },
      { type: "tar", attrs: {} },
      { type: "moby", attrs: { ...attrs, "annotation.a.b": "mine" } },
    ],
  );
});

import { chooseWay } from "../../lib/imagebuild/way.ts";
import type { EngineFacts } from "../../lib/engine/engine.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import { solveWay } from "../../lib/imagebuild/ways/solve.ts";
import { exportedImage } from "../../lib/layout/exported_image.ts";
import { LayoutExporter } from "../../lib/layout/layout_exporter.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { LayoutError, ProtocolError, UnsupportedError } from "../../mod.ts";
import { names, scratch } from "../exporter/scratch.ts";
import { store } from "../layout/layouts.ts";
import { readLayout } from "../layout/read_layout.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { encodeBase64 } from "../support/base64.ts";
import { descriptorOf, engineWrites } from "./engine_writes.ts";
import { readyBuild } from "./ready_build.ts";
import { scriptedBuildKit } from "./scripted_buildkit.ts";

const FILES = { files: { Dockerfile: "FROM scratch\nCOPY a /\n", a: "1" } };

function requestOf(options: ImageBuildOptions) {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

/** An answer that tells of a content as the image. */
async function answerOf(
  content: string,
  names: string,
): Promise<Record<string, string>> {
  const descriptor = JSON.stringify(await descriptorOf(content));
  return {
    "image.name": names,
    "containerimage.descriptor": encodeBase64(descriptor),
  };
}

Deno.test("an image as a folder is asked for by a switch or an attribute", () => {
  for (
    const output of [
      { type: "oci", dest: "dir", tar: false },
      { type: "docker", dest: new URL("file:///dir"), tar: false },
      { type: "oci", attrs: { dest: "dir", tar: "false" } },
    ] as const
  ) {
    const { outputs, needs } = requestOf({ outputs: output as never });
    const [{ type, attrs, exporter, layout }] = outputs as [typeof outputs[0]];
    assertEquals([type, attrs], [output.type, { tar: "false" }]);
    assert(layout instanceof LayoutExporter && exporter === layout);
    assertEquals(layout.dest.endsWith("dir"), true);
    assertEquals(needs, ["an image as a folder"]);
  }
  for (const tar of [true, undefined]) {
    const { outputs, needs } = requestOf({
      outputs: { type: "oci", dest: "a.tar", tar },
    });
    assertEquals([outputs[0]!.layout, needs], [undefined, []]);
    assertEquals(outputs[0]!.attrs, tar === undefined ? {} : { tar: "true" });
  }
});

Deno.test("an image as a folder is refused where it can't be, before anything is sent", async () => {
  const output = { type: "oci", dest: "dir", tar: false } as const;
  for (
    const [options, words] of [
      [
        { outputs: { ...output, tar: "false" } },
        'Cannot export "oci": tar is true or false',
      ],
      [
        { outputs: { ...output, dest: new WritableStream() } },
        'Cannot export "oci" with tar false: dest is the path of a folder',
      ],
      [
        { outputs: { ...output, maxBytes: 5 } },
        'Cannot export "oci" with tar false and maxBytes: that is for archives',
      ],
      [
        { outputs: { type: "tar", dest: "a", tar: false } },
        'there is no option "tar"',
      ],
      ...[{ type: "moby" }, { ...output, dest: "b" }, {
        type: "docker",
        dest: "c.tar",
      }].map((
        other,
      ) => [
        { outputs: [output, other] },
        "an image that is a folder (tar: false) is the only image of its build",
      ]),
      [
        { outputs: output, secrets: { a: "long enough" }, verify: true },
        "Cannot verify an image that is written into a folder (tar: false)",
      ],
      [
        { outputs: output, api: "engine" },
        "Cannot build with an image as a folder: only BuildKit's API can do that",
      ],
      [{ outputs: output, session: "mine" }, "session"],
    ] as [ImageBuildOptions, string][]
  ) {
    const error = assertThrows(() => requestOf(options), Error);
    assert(error.message.includes(words), error.message);
  }
  requestOf({ outputs: [output, { type: "local", dest: "b" }] });
  // The same for caches in folders.
  for (
    const options of [
      { outputs: output },
      { cacheto: "type=local,dest=a" },
      { cachefrom: "type=local,src=a" },
    ]
  ) {
    for (
      const [facts, words] of [
        [{ gateway: true }, "davit gateway"],
        [{ libpodApiVersion: "4.3.1" }, "podman"],
      ] as const
    ) {
      const error = await assertRejects(
        () => chooseWay(requestOf(options), facts as unknown as EngineFacts),
        UnsupportedError,
      );
      assert(error.message.includes(words), error.message);
    }
    const { build } = await readyBuild(options, { canServe: false });
    const error = assertThrows(() => solveWay.needs(build), UnsupportedError);
    assert(error.message.includes("this transport can not"), error.message);
    assertThrows(
      () => requestOf({ ...options, version: "1" }),
      UnsupportedError,
    );
    assertThrows(() => requestOf({ ...options, api: "engine" }), TypeError);
  }
  // A session of the caller's own serves no folder of davit's.
  const { build } = await readyBuild(
    { cachefrom: "type=local,src=a", session: "mine" },
    { source: { kind: "remote", url: "https://a.example/b.git" } },
  );
  const served = {
    ...build,
    inputs: { ...build.inputs, stores: new Map([["local:a", {} as never]]) },
  };
  solveWay.needs(build);
  assertThrows(
    () => solveWay.needs(served),
    UnsupportedError,
    "folders of content are served over a session of davit's own; leave the option session out",
  );
});

Deno.test("what the engine answers names the image", async () => {
  const text = await answerOf("x", "");
  const descriptor = await descriptorOf("x");
  const image = (answer: Record<string, string>) =>
    exportedImage(new Map(Object.entries(answer)));
  assertEquals(image(text), { descriptor, names: [{ tag: "latest" }] });
  const names =
    "docker.io/library/app:1,r.example:5000/a/b:v2,r.example:5000/a/c";
  assertEquals(image({ ...text, "image.name": names })?.names, [
    { image: "docker.io/library/app:1", tag: "1" },
    { image: "r.example:5000/a/b:v2", tag: "v2" },
    { image: "r.example:5000/a/c", tag: "latest" },
  ]);
  for (
    const wrong of ["", "no base64!", encodeBase64("{"), encodeBase64("{}")]
  ) {
    assertEquals(image({ "containerimage.descriptor": wrong }), undefined);
  }
  assertEquals(image({}), undefined);
});

Deno.test("an image is put into the folder under its names, when the build has succeeded", async () => {
  await using place = await scratch();
  const dest = `${place.path}/images`;
  const index = JSON.stringify({ manifests: [] });
  const { docker } = scriptedBuildKit({
    containerdStore: true,
    solve: async ({ session, request }) => {
      const [{ type, attrs }] = request.exporters as [
        typeof request.exporters[0],
      ];
      assertEquals([type, attrs.get("tar")], ["oci", "false"]);
      await engineWrites(session!, "export", index);
      return await answerOf(index, "docker.io/library/app:1");
    },
  });
  const { exports, imageId } = await docker.imageBuild(FILES, {
    tag: "app:1",
    outputs: { type: "oci", dest, tar: false },
  }).result();
  await docker.close();
  assertEquals([imageId, exports], ["", [{
    dest,
    entries: 1,
    bytes: index.length,
    skipped: 0,
  }]]);
  const { manifests } = await readLayout(dest);
  assertEquals(manifests, [{
    ...await descriptorOf(index),
    annotations: {
      "io.containerd.image.name": "docker.io/library/app:1",
      "org.opencontainers.image.ref.name": "1",
    },
  }]);
});

Deno.test("an engine that writes no image, or another one than it says, fails the build", async () => {
  await using place = await scratch();
  const dest = `${place.path}/images`;
  for (const answer of [{}, await answerOf("elsewhere", "")]) {
    const { docker } = scriptedBuildKit({
      containerdStore: true,
      solve: () => Promise.resolve(answer),
    });
    await assertRejects(
      () =>
        docker.imageBuild(FILES, {
          outputs: { type: "oci", dest, tar: false },
        }).wait(),
      ProtocolError,
      "without sending its result",
    );
    await docker.close();
    assertEquals(await names(place.path), []);
  }
});

Deno.test("a folder takes no archive, and is not staged", async () => {
  await using place = await scratch();
  const exporter = new LayoutExporter(`${place.path}/a`);
  assertEquals([exporter.wire, exporter.canStage], ["bytes", false]);
  assertEquals(await exporter.place(), `${place.path}/a`);
  await exporter.prepare();
  await assertRejects(
    () => exporter.receive(),
    ProtocolError,
    "archive",
  );
  await assertRejects(() => exporter.staged(), TypeError, "not staged");
  await assertRejects(() => exporter.received(), ProtocolError);
  await assertRejects(() => exporter.commit(), ProtocolError);
  await exporter.discard();
  await Deno.writeTextFile(`${place.path}/file`, "");
  await using stores = new LayoutStores();
  await assertRejects(
    () => new LayoutExporter(`${place.path}/file`).open(stores),
    LayoutError,
  );
  await exporter.open(stores);
  assertEquals([...stores.byId.keys()], ["export"]);
  const folder = await stores.open("again", `${place.path}/a`, "write");
  const digest = await store(folder, "{}");
  exporter.answered(new Map(Object.entries(await answerOf("{}", ""))));
  await exporter.received();
  assertEquals(await exporter.commit(), {
    dest: `${place.path}/a`,
    entries: 1,
    bytes: 2,
    skipped: 0,
    skippedPaths: [],
  });
  assertEquals((await folder.index())?.manifests[0]?.digest, digest);
});

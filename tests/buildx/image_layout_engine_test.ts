// Images that are written into a folder, in OCI's layout: the same ones as
// buildx's, and images for whoever reads them.

import { type ImageBuildOptions, LayoutError } from "../../mod.ts";
import { readLayout } from "../layout/read_layout.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { containerdTest, engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { names } from "../exporter/scratch.ts";
import { dockerCommand } from "./docker_client.ts";

/** A time that no build has of its own. */
const EPOCH = 1_700_000_000;

async function writeContext(path: string): Promise<void> {
  await writeTree(path, {
    Dockerfile: "FROM scratch\nCOPY salt /salt\n",
    salt: crypto.randomUUID(),
  });
}

containerdTest(
  "an image in a folder has the bytes that buildx's has, in each form",
  async (engine) => {
    await using docker = await dockerCommand(engine);
    await withTempFolder(async (folder) => {
      const context = `${folder}/context`;
      await writeContext(context);
      const forms: [
        words: string[],
        options: ImageBuildOptions,
        attrs: string,
      ][] = [
        [[], {}, ""],
        [
          ["--tag", "app:1", "--tag", "registry.example:5000/a/b"],
          { tag: ["app:1", "registry.example:5000/a/b"] },
          "",
        ],
        [
          ["--platform", "linux/amd64,linux/arm64"],
          { platform: ["linux/amd64", "linux/arm64"] },
          ",compression=zstd,force-compression=true",
        ],
        [
          ["--annotation", "index-descriptor:own=1"],
          {
            annotations: { "index-descriptor:own": "1" },
            platform: ["linux/amd64", "linux/arm64"],
          },
          "",
        ],
      ];
      for (const [index, [words, options, attrs]] of forms.entries()) {
        const [ours, theirs] = [`${folder}/d${index}`, `${folder}/b${index}`];
        const platforms = index === 3
          ? ["--platform", "linux/amd64,linux/arm64"]
          : [];
        await docker.run(
          [
            ...[
              "buildx",
              "build",
              "--provenance=false",
              ...words,
              ...platforms,
            ],
            ...[
              "--output",
              `type=oci,tar=false,dest=${theirs}${attrs}`,
              context,
            ],
          ],
          undefined,
          { SOURCE_DATE_EPOCH: `${EPOCH}` },
        );
        await using build = engine.docker.imageBuild(context, {
          ...options,
          sourceDateEpoch: EPOCH,
          outputs: {
            type: "oci",
            tar: false,
            dest: ours,
            ...(attrs === ""
              ? {}
              : { compression: "zstd", forceCompression: true }),
          },
        });
        const { exports, imageId } = await build.result();
        const [read, other] = [
          await readLayout(ours),
          await readLayout(theirs),
        ];
        assertEquals(read.index, other.index, words.join(" "));
        assertEquals(
          [...read.blobs.keys()].sort(),
          [...other.blobs.keys()].sort(),
        );
        assertEquals(read.names, [
          "blobs",
          "index.json",
          "ingest",
          "oci-layout",
        ]);
        const bytes = [...read.blobs.values()].reduce(
          (sum, { length }) => sum + length,
          0,
        );
        assertEquals([imageId, exports], ["", [{
          dest: await Deno.realPath(ours),
          entries: read.blobs.size,
          bytes,
          skipped: 0,
        }]]);
      }
    });
  },
);

containerdTest(
  "an image in a folder is the base of the next build, is loaded by docker, and shares the folder with others",
  async (engine) => {
    await using docker = await dockerCommand(engine);
    await withTempFolder(async (folder) => {
      const [context, next] = [`${folder}/context`, `${folder}/next`];
      const dest = `${folder}/images`;
      await writeContext(context);
      const name = `davit-test/layout:${crypto.randomUUID()}`;
      const output = { type: "oci", tar: false, dest } as const;
      await engine.docker.imageBuild(context, { tag: name, outputs: output })
        .wait();
      const first = await readLayout(dest);
      // Of the same name: it takes the name from the first.
      await Deno.writeTextFile(`${context}/salt`, "another");
      await engine.docker.imageBuild(context, { tag: name, outputs: output })
        .wait();
      const second = await readLayout(dest);
      assertEquals(second.manifests.length, 1);
      assert(second.manifests[0]!.digest !== first.manifests[0]!.digest);
      for (const digest of first.blobs.keys()) assert(second.blobs.has(digest));
      await writeTree(next, {
        Dockerfile: "FROM base\nCOPY more /more\n",
        more: "more",
      });
      const out = `${folder}/out`;
      const tag = name.slice(name.lastIndexOf(":") + 1);
      await engine.docker.imageBuild(next, {
        contexts: { base: `oci-layout://${dest}:${tag}` },
        outputs: { type: "local", dest: out },
      }).wait();
      assertEquals(await names(out), ["more", "salt"]);
      assertEquals(await Deno.readTextFile(`${out}/salt`), "another");
      const archive = `${folder}/image.tar`;
      const { success } = await new Deno.Command("tar", {
        args: ["-C", dest, "-cf", archive, "."],
      }).output();
      assert(success);
      const loaded = await engine.docker.imageLoad(
        (await Deno.open(archive)).readable,
      );
      try {
        assertEquals(loaded.names, [name]);
        const { Id } = JSON.parse(
          new TextDecoder().decode(
            await docker.run(["image", "inspect", name]),
          ),
        )[0];
        assertEquals(Id, second.manifests[0]!.digest);
      } finally {
        await engine.docker.imageRemove(name);
      }
    });
  },
);

containerdTest(
  "an image that can't be written into a folder fails the build, and gets no name there",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const context = `${folder}/context`;
      await writeContext(context);
      const dest = `${folder}/images`;
      await Deno.mkdir(dest);
      await Deno.writeTextFile(`${dest}/blobs`, "a file");
      await assertRejects(
        () =>
          docker.imageBuild(context, {
            outputs: { type: "oci", tar: false, dest },
          }).wait(),
        LayoutError,
        `Cannot write the OCI layout ${JSON.stringify(dest)}: a blob: `,
      );
      assertEquals(await names(dest), ["blobs"]);
    });
  },
);

engineTest(
  "an engine with graph drivers writes no image into a folder, and says so before anything is sent",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeContext(`${folder}/context`);
      const dest = `${folder}/images`;
      const error = await assertRejects(
        () =>
          docker.imageBuild(`${folder}/context`, {
            outputs: { type: "oci", tar: false, dest },
          }).wait(),
        Error,
      );
      assertStringIncludes(error.message, "containerd image store");
      assertEquals(await names(folder), ["context"]);
    });
  },
  ({ containerdStore }) => !containerdStore,
);

import { ContextError } from "../../lib/errors.ts";
import type {
  BuildContext,
  ContextFile,
  ImageBuildOptions,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { engineWay, type Way } from "../support/way.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** Each way from here to the engine: file sync, a tar for each builder. */
const WAYS: readonly ImageBuildOptions[] = [
  {},
  { session: false },
  { version: "1" },
];

const COPY = "FROM scratch\nCOPY . /\n";

/** What an image holds: type, permissions, owner, size, target and content by path; times where they are asked for. */
async function listed(
  image: Way["image"],
  context: BuildContext,
  options: ImageBuildOptions,
  withTimes = false,
): Promise<Record<string, string>> {
  const { files } = await image(context, { nocache: true, ...options });
  const listing: Record<string, string> = {};
  for (const [path, told] of files) {
    const fields = told.split(" ");
    if (!withTimes || fields[0] === "5") fields.splice(5, 1);
    listing[path.replace(/\/$/, "")] = fields.join(" ");
  }
  return listing;
}

for (const way of WAYS) {
  const how = JSON.stringify(way);
  const test = (name: string, run: (image: Way["image"]) => Promise<void>) =>
    Object.keys(way).length === 0
      ? bothWaysTest(name, ({ image }) => run(image))
      : engineTest(name, (engine) => run(engineWay(engine).image));

  test(
    `files in memory are a context with ${how}`,
    async (image) => {
      await withTempFolder(async (root) => {
        await writeTree(root, {
          Dockerfile: COPY,
          ".dockerignore": "*.log\n!keep.log\nnode_modules/**\n!**/wanted\n",
          "src/main.ts": "main",
          "src/ünï": "bytes",
          "src/deep/er/x": "",
          "keep.log": "blob",
          "bin/run": "#!/bin/sh\n",
          "a-b": "1",
          "a/b": "2",
          "node_modules/m/wanted": "w",
        });
        await Deno.chmod(`${root}/bin/run`, 0o4755);
        await Deno.utime(`${root}/bin/run`, 981_173_106, 981_173_106);
        await Deno.symlink("../src", `${root}/bin/link`);
        const files: Record<string, ContextFile> = {
          "src/main.ts": "main",
          "a/b": "2",
          "./Dockerfile": COPY,
          "src//ünï": new TextEncoder().encode("bytes"),
          "src/deep/er/x": new Uint8Array(),
          "keep.log": new Blob(["blob"]),
          "drop.log": "ignored",
          "bin/run": {
            content: "#!/bin/sh\n",
            mode: 0o4755,
            mtime: new Date(981_173_106_000),
          },
          "bin/link": { link: "../src" },
          "a-b": "1",
          ".dockerignore": await Deno.readTextFile(`${root}/.dockerignore`),
          "node_modules/m/wanted": "w",
          "node_modules/m/other": "o",
          "node_modules/n/other": "o",
        };
        const expected = await listed(image, root, way);
        assertEquals(await listed(image, { files }, way), expected);
        const timed = await listed(image, { files }, way, true);
        assert(timed["bin/run"]!.includes(" 981173106000 "), timed["bin/run"]);
        const time = Number(timed["src/main.ts"]!.split(" ")[5]);
        assert(time >= 0 && time < 1000, `${time}`);
      });
    },
  );

  test(
    `files in memory lie over a folder with ${how}`,
    async (image) => {
      await withTempFolder(async (folder) => {
        const [root, expected] = [`${folder}/root`, `${folder}/expected`];
        const common = {
          Dockerfile: COPY,
          ".dockerignore": "**/*.log\n",
          "kept/x": "x",
          "kept/old.log": "",
          same: "below",
        };
        await writeTree(root, {
          ...common,
          "wasfolder/in/x": "gone",
          wasfile: "gone",
          first: "linked",
          "elsewhere/x": "x",
        });
        await Deno.link(`${root}/first`, `${root}/second`);
        await Deno.symlink("elsewhere", `${root}/waslink`);
        await writeTree(expected, {
          ...common,
          "kept/y": "y",
          same: "above",
          wasfolder: "file",
          "wasfile/in": "now",
          "first/x": "now",
          second: "linked",
          "elsewhere/x": "x",
          "waslink/in": "now",
        });
        for (const path of [root, expected]) {
          await Deno.chmod(`${path}/kept`, 0o750);
        }
        const files = {
          "kept/y": "y",
          "kept/new.log": "ignored",
          same: "above",
          wasfolder: "file",
          "wasfile/in": "now",
          "first/x": "now",
          "waslink/in": "now",
        };
        const wanted = await listed(image, expected, way);
        const context = { context: root, files };
        assertEquals(await listed(image, context, way), wanted);
        // Rules and Dockerfile in memory are those that count.
        const ruled = await listed(image, {
          context: root,
          files: {
            ...files,
            Dockerfile: "FROM scratch\nCOPY kept /k\n",
            "Dockerfile.dockerignore": "kept/x\n",
          },
        }, way);
        assertEquals(
          Object.keys(ruled).sort(),
          ["k", "k/new.log", "k/old.log", "k/y"],
        );
        const listed2 = await listed(image, {
          context: root,
          files,
          dockerfile: { text: "FROM scratch\nCOPY kept /k\n" },
          ignore: ["**/*.log"],
        }, way);
        assertEquals(Object.keys(listed2).sort(), ["k", "k/x", "k/y"]);
      });
    },
  );
}

bothWaysTest(
  "an engine asks for a file in memory that changed, whatever its length and time",
  async ({ image }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { Dockerfile: "FROM scratch\nCOPY a b /\n" });
      const build = async (a: string, b: string) => {
        const context = {
          context: root,
          files: { a, b: { content: b, mtime: 5000 } },
        };
        const { files, result } = await image(context);
        return [[...files].join("\n"), result.context?.filesReused] as const;
      };
      const [first] = await build("1", "1");
      const [second] = await build("2", "1");
      const [third] = await build("2", "2");
      assertEquals(new Set([first, second, third]).size, 3);
      const [again, reused] = await build("1", "1");
      assertEquals(again, first);
      assert(reused !== undefined);
    });
  },
);

bothWaysTest(
  "a link in memory is followed to what a COPY means by it",
  async ({ image }) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { "real/x": "x", "real/y": "y" });
      await Deno.symlink("real", `${root}/below`);
      const dockerfile = {
        text: "FROM scratch\nCOPY link/x /a/\nCOPY f* /b/\nCOPY below/y /c/\n",
      };
      const listing = await listed(image, {
        context: root,
        dockerfile,
        files: {
          link: { link: "below" },
          found: { link: "real/y" },
        },
      }, {});
      assertEquals(Object.keys(listing).sort(), [
        "a",
        "a/x",
        "b",
        "b/found",
        "c",
        "c/y",
      ]);
    });
  },
);

bothWaysTest(
  "a Dockerfile that is a link in memory, or is not there",
  async ({ docker, api, image }) => {
    const files = {
      Dockerfile: { link: "docker/Dockerfile" },
      "docker/Dockerfile": "FROM scratch\nCOPY x /\n",
      x: "x",
    };
    for (const way of api === "engine" ? WAYS : [{}]) {
      assertEquals(Object.keys(await listed(image, { files }, way)), ["x"]);
    }
    const missing = [{ x: "x" }, { Dockerfile: { link: "../Dockerfile2" } }];
    for (const files of missing) {
      const error = await assertRejects(
        () => docker.imageBuild({ files }).wait(),
        ContextError,
      );
      assert(
        /no Dockerfile "Dockerfile" in files/.test(error.message),
        error.message,
      );
    }
  },
);

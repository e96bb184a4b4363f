// Contexts by name: a build of davit's makes the image that buildx makes of the
// same values.

import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import { contextName } from "../../lib/imagebuild/checks/context_name.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import {
  containerdTest,
  type EngineContext,
  engineKindTest,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { dockerCommand } from "./docker_client.ts";

/** The main context, and what stands behind the names. */
const FILES = {
  "main/Dockerfile": [
    // A base image and a stage that other contexts replace.
    "FROM busybox AS start",
    "FROM nothing.example/of/this:1 AS stage",
    "RUN exit 7",
    "FROM start",
    "COPY own /",
    "COPY --from=stage / /stage/",
    "COPY --from=deps / /deps/",
    "RUN --mount=from=deps,target=/in cat /in/a > /ran",
    "COPY --from=registry.example/tools:2 a /tools/",
    "COPY --from=context / /context/",
    "",
  ].join("\n"),
  "main/own": "main",
  "deps/.dockerignore": "**/*.log\n!kept.log\nsub\n",
  "deps/a": "a",
  "deps/b.log": "ignored",
  "deps/kept.log": "kept",
  "deps/sub/x": "ignored",
  "deps/ünï": "named",
  "stage/f": "in place of the stage",
  "all/.dockerignore": "*\n",
  "all/x": "ignored",
  "tools/a": "tool",
};

/** Builds with davit, and tells what was printed about its transfers, too. */
async function davit(
  docker: DockerClient,
  folder: string,
  contexts: NonNullable<ImageBuildOptions["contexts"]>,
) {
  const build = docker.imageBuild(`${folder}/main`, {
    contexts,
    networkmode: "none",
  });
  const transfers = new Set<string>();
  for await (const event of build.events()) {
    if (event.type === "status" && event.id.startsWith("transferring ")) {
      transfers.add(event.id);
    }
  }
  return { result: await build.result(), transfers };
}

async function likeBuildx({ docker, ...engine }: EngineContext): Promise<void> {
  await using command = await dockerCommand(engine);
  const run = async (folder: string, words: readonly string[]) => {
    const ran = await command.run(
      [
        ...["buildx", "build", "--progress=plain", "--network=none"],
        ...[
          "--provenance=false",
          "--metadata-file",
          `${folder}/facts`,
          ...words,
        ],
        `${folder}/main`,
      ],
      folder,
    );
    assertEquals(ran.length, 0);
    const facts = JSON.parse(await Deno.readTextFile(`${folder}/facts`));
    return facts["containerimage.digest"];
  };
  await withTempFolder(async (folder) => {
    await writeTree(folder, FILES);
    await Deno.symlink("/etc/hostname", `${folder}/deps/out`);
    const image = "docker-image://davit-test/base";
    const words = (all: Record<string, string>) =>
      Object.entries(all).flatMap(([name, value]) => [
        "--build-context",
        `${name}=${value}`,
      ]);
    const contexts: Record<string, string> = {
      "docker.io/library/busybox:latest": image,
      deps: `${folder}/deps`,
      stage: `${folder}/stage`,
      "registry.example/tools:2": `${folder}/tools`,
      context: `${folder}/all`,
    };
    const theirs = await run(folder, words(contexts));
    const { result: ours, transfers } = await davit(
      docker,
      folder,
      contexts,
    );
    assertEquals(ours.imageId, theirs);
    assertEquals(ours.warnings, []);
    assertEquals(
      [
        "transferring deps:",
        "transferring stage:",
        "transferring registry.example/tools:2:",
        "transferring _context:",
      ].filter((id) => !transfers.has(id)),
      [],
      [...transfers].join(),
    );
    const { deps, stage, context } = ours.contexts;
    assertEquals(
      [deps?.files, stage?.files, context?.files],
      // Without those that are ignored; the ignore file and the link count
      // as buildx sends them: the one is a file.
      [4, 1, 0],
    );
    // A change of a folder by name makes another image, and the same by both.
    await Deno.writeTextFile(`${folder}/deps/a`, "changed");
    const { result: changed } = await davit(docker, folder, contexts);
    assertNotEquals(changed.imageId, ours.imageId);
    assertEquals(changed.contexts.deps, {
      files: 4,
      filesReused: 3,
      bytesOffered: deps!.bytesOffered + "changed".length - "a".length,
      bytesSent: "changed".length,
    });
    assertEquals(await run(folder, words(contexts)), changed.imageId);
    if (!engine.containerdStore) return;
    // An image that was exported a moment ago, and no registry has.
    const exported: Record<string, string> = {
      ...contexts,
      busybox: `oci-layout://${folder}/layout:3`,
    };
    delete exported["docker.io/library/busybox:latest"];
    let before = changed.imageId;
    for (const tar of [false, true]) {
      const dest = `${folder}/layout${tar ? ".tar" : ""}`;
      const text = `FROM davit-test/base\nENV OF=${tar}\nRUN echo it > /it\n`;
      await docker.imageBuild({ files: { Dockerfile: text } }, {
        tag: "registry.example/exported:3",
        networkmode: "none",
        outputs: { type: "oci", tar, dest },
      }).result();
      if (tar) await unpack(dest, `${folder}/layout`);
      const { result: { imageId } } = await davit(docker, folder, exported);
      assertNotEquals(imageId, before);
      assertEquals(await run(folder, words(exported)), imageId);
      const { Config } = await docker.imageInspect(imageId);
      assert(Config?.Env?.includes(`OF=${tar}`));
      before = imageId;
    }
  });
}

/** Unpacks a tar into a folder, in the place of what is there. */
async function unpack(tar: string, folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true });
  await Deno.mkdir(folder);
  const { code } = await new Deno.Command("tar", {
    args: ["-xf", tar, "-C", folder],
  }).output();
  assertEquals(code, 0);
}

const NAME =
  "contexts by name of all kinds make the image that buildx makes of them";
engineTest(NAME, likeBuildx, isRecent);
containerdTest(NAME, likeBuildx);
engineKindTest({ generation: "26", containerdStore: true }, NAME, likeBuildx);

/** Serves a file by HTTP and a git repository by git's protocol, for a while. */
async function withServers(
  folder: string,
  use: (file: string, repository: string) => Promise<void>,
): Promise<void> {
  await using files = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("a page"),
  );
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      const daemon = new Deno.Command("git", {
        args: ["daemon", "--inetd", "--export-all", `--base-path=${folder}`],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      conn.readable.pipeTo(daemon.stdin, { preventCancel: true }).catch(
        () => {},
      );
      await daemon.stdout.pipeTo(conn.writable).catch(() => {});
      await daemon.status;
    }
  })();
  try {
    await use(
      `http://127.0.0.1:${files.addr.port}/page.txt`,
      `git://127.0.0.1:${listener.addr.port}/repository`,
    );
  } finally {
    listener.close();
    await serving;
  }
}

/** Makes a git repository with one commit. */
async function repositoryIn(folder: string): Promise<void> {
  await writeTree(folder, { "repository/f": "of the repository" });
  const git = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command("git", {
      args: ["-c", "user.name=a", "-c", "user.email=a@a.example", ...args],
      cwd: `${folder}/repository`,
      env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  };
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", ".");
  await git("commit", "--quiet", "--message=one");
}

const hasGit = await new Deno.Command("git", {
  args: ["--version"],
  stdout: "null",
}).output().then(({ success }) => success, () => false);

async function fetched({ docker, ...engine }: EngineContext): Promise<void> {
  await using command = await dockerCommand(engine);
  await withTempFolder(async (folder) => {
    await repositoryIn(folder);
    await withServers(folder, async (file, repository) => {
      const dockerfile = (name: string) =>
        `FROM scratch\n${SALT}\nCOPY --from=${name} / /\n`;
      const ours = async (name: string, url: string) => {
        const dest = `${folder}/${name}`;
        await docker.imageBuild({ files: { Dockerfile: dockerfile(name) } }, {
          contexts: { [name]: url },
          outputs: { type: "local", dest },
        }).result();
        return dest;
      };
      const page = await ours("page", file);
      assertEquals(await Deno.readTextFile(`${page}/page.txt`), "a page");
      const repo = await ours("repo", repository);
      assertEquals(await Deno.readTextFile(`${repo}/f`), "of the repository");
      // buildx gives the file to the engine's frontend, which from 28 on takes
      // it for a git repository.
      await writeTree(folder, { "main/Dockerfile": dockerfile("page") });
      const theirs = () =>
        command.run([
          ...["buildx", "build", "--output", `${folder}/theirs`],
          ...["--build-context", `page=${file}`, `${folder}/main`],
        ]);
      if (isRecent(engine)) {
        await assertRejects(theirs, Error, "invalid argument");
        return;
      }
      await theirs();
      assertEquals(
        await Deno.readTextFile(`${folder}/theirs/page.txt`),
        "a page",
      );
    });
  });
}

const FETCHED = "a file and a git repository are contexts by name";
engineTest(FETCHED, fetched, (engine) => hasGit && isRecent(engine));
if (hasGit) {
  engineKindTest({ generation: "26", containerdStore: true }, FETCHED, fetched);
}

/** Names at the limits of the grammar; tables of more are in the unit tests. */
const NAMES = [
  "Deps",
  "docker.io/library/busybox:latest",
  "index.docker.io/busybox:1.36",
  "library/a/b",
  "LOCAL/a",
  "r.example:5000/A",
  "[::1]:5000/a",
  "a_b__c-d---e.f",
  "a_-b",
  `a:latest@sha256:${"0".repeat(64)}`,
  "0".repeat(64),
  "a".repeat(247),
  "a".repeat(248),
  `r.example/${"a".repeat(255)}`,
];

engineTest(
  "names of contexts are those that buildx takes, in its short form",
  async (engine) => {
    await using command = await dockerCommand(engine);
    await withTempFolder(async (folder) => {
      const nowhere = `${folder}/nowhere`;
      const taken = async (name: string) => {
        const words = ["--build-context", `${name}=${nowhere}`, folder];
        const error = await assertRejects(
          () => command.run(["buildx", "build", ...words]),
          Error,
        );
        return error.message.includes("invalid context name")
          ? undefined
          : /failed to get build context (.*): stat /.exec(error.message)?.[1];
      };
      const all = await Promise.all(NAMES.map(taken));
      assertEquals(NAMES.map(contextName), all);
    });
  },
  isRecent,
);

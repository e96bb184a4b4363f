import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { isContainerdStore } from "../../lib/engine/info.ts";
import { DAVIT, runDavit, runProgram } from "./command.ts";

/** The id of a build, which is another one for each. */
const REF = "buildx.build.ref";

/** What both commands write of the same build. */
async function compareMetadata(
  { host, cli, cliEnv }: Pick<EngineContext, "host" | "cli" | "cliEnv">,
): Promise<Record<string, unknown>> {
  let ours: Record<string, unknown> = {};
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
    for (
      const words of [
        ["-t", "davit-meta:1", "-t", "docker.io/davit/meta"],
        ["-o", "out", "-t", "davit-meta:2"],
      ]
    ) {
      const written: Record<string, Record<string, unknown>> = {};
      for (
        const [name, command] of [["docker", [cli!]], ["davit", DAVIT]] as const
      ) {
        const run = await runProgram([
          ...command,
          // The time of the build is in an attestation, and so in its digest.
          ...[
            "build",
            "-q",
            "--provenance=false",
            "--metadata-file",
            `${name}.json`,
            ...words,
            ".",
          ],
        ], { cwd, env: name === "docker" ? cliEnv : { DOCKER_HOST: host } });
        assertEquals(run.code, 0, run.stderr);
        const text = await Deno.readTextFile(`${cwd}/${name}.json`);
        written[name] = JSON.parse(text);
      }
      const { docker = {}, davit = {} } = written;
      assertMatch(`${docker[REF]}`, /^default\/default\/[0-9a-z]{25}$/);
      assertMatch(`${davit[REF]}`, /^default\/default\/[0-9a-f]{32}$/);
      // With the same provenance, too.
      assert("buildx.build.provenance" in davit);
      assertEquals(davit, { ...docker, [REF]: davit[REF] });
      // In the same order, but for what is within the provenance.
      assertEquals(Object.keys(davit), Object.keys(docker));
      if (words.includes("davit-meta:1")) ours = davit;
    }
  });
  return ours;
}

engineTest(
  "--metadata-file holds what buildx writes",
  async (context) => {
    const metadata = await compareMetadata(context);
    assertEquals(
      metadata["containerimage.config.digest"],
      metadata["containerimage.digest"],
    );
    assertEquals(
      metadata["image.name"],
      "docker.io/library/davit-meta:1,docker.io/davit/meta",
    );
  },
  (engine) =>
    engine.cli !== undefined && isRecent(engine) && !engine.containerdStore,
);

engineTest(
  "--metadata-file has as much of the provenance as BUILDX_METADATA_PROVENANCE says",
  async ({ host, cli, cliEnv }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      for (const mode of ["max", "min", "true", "x", "disabled", "false"]) {
        const keys = [];
        for (
          const [command, env] of [
            [[cli!], cliEnv],
            [DAVIT, { DOCKER_HOST: host }],
          ] as const
        ) {
          const run = await runProgram(
            [...command, ...["build", "-q", "--metadata-file=m", "."]],
            { cwd, env: { ...env, BUILDX_METADATA_PROVENANCE: mode } },
          );
          assertEquals(run.code, 0, run.stderr);
          const metadata = JSON.parse(await Deno.readTextFile(`${cwd}/m`));
          const { "buildx.build.provenance": provenance } = metadata;
          keys.push(Object.keys(provenance ?? {}).toSorted());
        }
        assertEquals(keys[1], keys[0], mode);
      }
    });
  },
  (engine) => engine.cli !== undefined && isRecent(engine),
);

engineTest(
  "--metadata-file by the Engine API, and on engines that keep no history, has what is known there",
  async (engine) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      for (
        const api of isRecent(engine) ? ["engine"] : ["engine", "buildkit"]
      ) {
        const run = await runDavit(
          ["build", "-q", `--api=${api}`, "-t=a:1", "--metadata-file=m", "."],
          { cwd, env: { DOCKER_HOST: engine.host } },
        );
        assertEquals(run.code, 0, run.stderr);
        const id = new TextDecoder().decode(run.stdout).trim();
        const { [REF]: ref, ...metadata } = JSON.parse(
          await Deno.readTextFile(`${cwd}/m`),
        );
        assertEquals(typeof ref === "string", api === "buildkit");
        assertEquals(metadata, {
          "containerimage.config.digest": id,
          "containerimage.digest": id,
          "image.name": "docker.io/library/a:1",
        });
      }
    });
  },
  (engine) => !engine.containerdStore,
);

containerdTest(
  "--metadata-file on the containerd store, and outputs of images",
  async (engine) => {
    const metadata = await compareMetadata(engine);
    assertNotEquals(
      metadata["containerimage.config.digest"],
      metadata["containerimage.digest"],
    );
    assertEquals(
      metadata["image.name"],
      "docker.io/library/davit-meta:1,docker.io/davit/meta:latest",
    );
    const { docker, host } = engine;
    assert(isContainerdStore(await docker.info()));
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      const { code, stderr } = await runDavit(
        ["build", "-o", "type=image,name=davit-zstd,compression=zstd", "."],
        { cwd, env: { DOCKER_HOST: host } },
      );
      assertEquals(code, 0, stderr);
      const { Id } = await docker.imageInspect("davit-zstd");
      assertMatch(Id, /^sha256:/);
    });
  },
);

engineTest(
  "outputs of an image give it names, and are refused what the store does not know",
  async ({ host, docker }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      const options = { cwd, env: { DOCKER_HOST: host } };
      for (
        const output of [
          "type=docker,name=davit-out:1",
          'type=image,"name=davit-out:2,davit-out:3"',
        ]
      ) {
        const { code, stderr } = await runDavit(
          ["build", "--progress=plain", "-o", output, "."],
          options,
        );
        assertEquals(code, 0, stderr);
      }
      for (const tag of ["1", "2", "3"]) {
        await docker.imageRemove(`davit-out:${tag}`);
      }
      const { code, stderr } = await runDavit(
        ["build", "-o", "type=image,name=davit-out:4,compression=zstd", "."],
        options,
      );
      assertEquals(code, 1);
      assertStringIncludes(stderr, "containerd image store");
    });
  },
  (engine) => !engine.containerdStore,
);

engineTest(
  "the id's file is left as it was by words that can't be used, and empty folders, too",
  async ({ host }) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nLABEL a=b\n" });
      const options = { cwd, env: { DOCKER_HOST: host } };
      const built = await runDavit(
        ["build", "-q", "--iidfile=id", "--metadata-file=m", "."],
        options,
      );
      assertEquals(built.code, 0, built.stderr);
      assertEquals(
        `${await Deno.readTextFile(`${cwd}/id`)}\n`,
        new TextDecoder().decode(built.stdout),
      );
      // A device is written, and not removed.
      const device = await runDavit(
        ["build", "-q", "--iidfile=/dev/stderr", "."],
        options,
      );
      assertEquals(device.code, 0, device.stderr);
      await Deno.writeTextFile(
        `${cwd}/Dockerfile`,
        "FROM scratch\nCOPY no /\n",
      );
      const failed = await runDavit(
        ["build", "-q", "--iidfile=id", "--metadata-file=m", "."],
        options,
      );
      assertEquals(failed.code, 1);
      // As docker: what failed leaves no id behind, and the metadata alone.
      assertEquals(
        (await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort(),
        ["Dockerfile", "m"],
      );
    });
  },
);

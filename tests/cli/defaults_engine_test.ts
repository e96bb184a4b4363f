/** What the command does by itself, as buildx does it. */
import type { EngineContext } from "../support/engines.ts";
import { assertEquals } from "../support/assert.ts";
import { containerdTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { DAVIT, runDavit, runProgram } from "./command.ts";

type Json = Record<string, unknown>;

/** An image as a store with manifests holds it, without what differs each time. */
interface Stored {
  /** Annotations of the index and, for an index, of each thing in it. */
  readonly index: unknown;
  /** Each manifest that it names: type, annotations, and what it is made of. */
  readonly manifests: readonly Json[];
  /** The predicates of its attestations, without their times. */
  readonly attestations: readonly Json[];
}

const TYPE = "vnd.docker.reference.type";

/** Without the digests of steps, which have the session's id in them. */
function withoutDigests(statement: unknown) {
  return JSON.parse(
    JSON.stringify(
      statement,
      (name, value) =>
        name === "digestMapping" ? Object.values(value).toSorted() : value,
    ),
  );
}

/** Reads an image out of the engine. */
async function stored(
  { docker }: Pick<EngineContext, "docker">,
  name: string,
): Promise<Stored> {
  let found: Stored | undefined;
  await withTempFolder(async (folder) => {
    const saved = await docker.imageSave(name);
    await Deno.writeFile(`${folder}/image.tar`, saved);
    const { code } = await runProgram(["tar", "xf", "image.tar"], {
      cwd: folder,
    });
    assertEquals(code, 0);
    const read = async (path: string) =>
      JSON.parse(await Deno.readTextFile(`${folder}/${path}`));
    const blob = ({ digest }: { digest: string }) =>
      read(`blobs/${digest.replace(":", "/")}`);
    const { manifests: [top] } = await read("index.json");
    const { annotations: index, ...content } = await blob(top);
    const manifests: Json[] = [];
    const attestations: Json[] = [];
    for (const each of content.manifests ?? [top]) {
      const { mediaType, config, layers, annotations } = await blob(each);
      const about = each.annotations?.[TYPE];
      const { "vnd.docker.reference.digest": _, ...shown } =
        content.manifests === undefined ? {} : each.annotations ?? {};
      manifests.push({ mediaType, annotations, shown });
      if (about === undefined) {
        manifests.push({ config: config.digest });
        continue;
      }
      for (const layer of layers) {
        const { predicateType, predicate } = withoutDigests(await blob(layer));
        // In version 1 the time is below runDetails.
        const {
          metadata: _,
          runDetails: { metadata: __, ...run } = {},
          ...rest
        } = predicate;
        attestations.push({ predicateType, run, ...rest });
      }
    }
    found = { index, manifests, attestations };
  });
  return found!;
}

/** Builds the same with both commands. */
async function builtByBoth(
  engine: EngineContext,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<{ davit: Stored; docker: Stored }> {
  const { host, cli, cliEnv } = engine;
  const of = async (
    tag: string,
    command: readonly string[],
    own: Record<string, string>,
  ) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, {
        Dockerfile: "FROM davit-test/base\nARG A\nCOPY a /\n",
        a: "a",
      });
      const run = await runProgram(
        [...command, "build", "-q", "-t", tag, ...words, "."],
        { cwd, env: { SOURCE_DATE_EPOCH: "1", ...own, ...env } },
      );
      assertEquals(run.code, 0, run.stderr);
    });
    return await stored(engine, tag);
  };
  return {
    davit: await of("davit-default:1", DAVIT, { DOCKER_HOST: host }),
    docker: await of("davit-default:2", [cli!], cliEnv!),
  };
}

containerdTest(
  "an image has the provenance that buildx gives it, and none where that is turned off",
  async (engine) => {
    for (
      const [words, env, attested] of [
        [[], {}, true],
        [["--build-arg", "A=1"], {}, true],
        [["--provenance=false"], {}, false],
        [["--attest=type=provenance,disabled=true"], {}, false],
        [["--provenance=true"], {}, true],
        [["--provenance=mode=max,version=v1"], {}, true],
        [["--attest=type=provenance,mode=min,builder-id=a"], {}, true],
        [[], { BUILDX_NO_DEFAULT_ATTESTATIONS: "1" }, false],
        [[], { BUILDX_NO_DEFAULT_ATTESTATIONS: "false" }, true],
        [
          ["--provenance=mode=max"],
          { BUILDX_NO_DEFAULT_ATTESTATIONS: "1" },
          true,
        ],
      ] as const
    ) {
      const { davit, docker } = await builtByBoth(engine, words, env);
      assertEquals(davit, docker);
      assertEquals(davit.attestations.length, attested ? 1 : 0);
    }
  },
);

containerdTest(
  "without BuildKit's API, and where the variable is neither yes nor no, nothing is recorded",
  async (engine) => {
    await withTempFolder(async (cwd) => {
      await writeTree(cwd, { Dockerfile: "FROM scratch\nCOPY a /\n", a: "a" });
      const build = (words: string[], env: Record<string, string> = {}) =>
        runDavit(["build", "-q", "-t", "davit-default:1", ...words, "."], {
          cwd,
          env: { DOCKER_HOST: engine.host, ...env },
        });
      const plain = await build(["--api=engine"]);
      assertEquals(plain.code, 0, plain.stderr);
      assertEquals((await stored(engine, "davit-default:1")).attestations, []);
      const wrong = await build([], { BUILDX_NO_DEFAULT_ATTESTATIONS: "no" });
      assertEquals([wrong.code, wrong.stderr], [
        1,
        'ERROR: BUILDX_NO_DEFAULT_ATTESTATIONS is "no": expected true or false\n',
      ]);
    });
  },
);

containerdTest(
  "annotations come to the parts of the image that buildx gives them to",
  async (engine) => {
    const { davit, docker } = await builtByBoth(engine, [
      ...["--load", "--annotation", "a=b", "--annotation", "index:c=d=e"],
      ...["--annotation", "manifest[linux/amd64]:f=g"],
    ]);
    assertEquals(davit, docker);
    assertEquals(davit.index, { c: "d=e" });
    assertEquals(davit.manifests[0]!.annotations, { a: "b", f: "g" });
  },
);

containerdTest(
  "an image of several platforms, and outputs beside it, are what buildx makes of the same flags",
  async (engine) => {
    const { host, cli, cliEnv } = engine;
    const made: unknown[] = [];
    for (
      const [command, env] of [
        [[cli!], cliEnv!],
        [DAVIT, { DOCKER_HOST: host }],
      ] as const
    ) {
      await withTempFolder(async (cwd) => {
        await writeTree(cwd, {
          Dockerfile:
            "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /file\nLABEL a=b\n",
          amd64: "1",
          arm64: "2",
          // The results are no part of the context.
          ".dockerignore": "*\n!a*64\n",
        });
        const run = await runProgram([
          ...command,
          ...["build", "-q", "--provenance=false", "-t", "davit-several:1"],
          ...["--platform", "linux/amd64,linux/arm64", "-o", "type=docker"],
          ...["-o", "type=tar,dest=out.tar", "-o", "folder"],
          ...["--no-cache-filter=x", "."],
        ], { cwd, env: { ...env, SOURCE_DATE_EPOCH: "1" } });
        assertEquals(run.code, 0, run.stderr);
        const listed = await runProgram(["tar", "tf", "out.tar"], { cwd });
        made.push({
          image: await stored(engine, "davit-several:1"),
          tar: new TextDecoder().decode(listed.stdout).split("\n").toSorted(),
          files: await Promise.all(
            ["amd64", "arm64"].map((arch) =>
              Deno.readTextFile(`${cwd}/folder/linux_${arch}/file`)
            ),
          ),
        });
      });
    }
    assertEquals(made[1], made[0]);
    const { files, image } = made[1] as { files: unknown; image: Stored };
    assertEquals(files, ["1", "2"]);
    assertEquals(image.manifests.length, 4);
  },
);

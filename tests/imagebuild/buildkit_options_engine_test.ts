import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import { BuildError, UnsupportedError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { bothWaysTest, buildkitTest } from "../support/ways.ts";

function contextOf(lines: readonly string[]) {
  return { files: { Dockerfile: lines.join("\n"), a: "1" } };
}

/** Builds a Dockerfile, and returns its result and what its steps printed. */
async function built(
  docker: DockerClient,
  lines: readonly string[],
  options: ImageBuildOptions = {},
) {
  const build = docker.imageBuild(
    contextOf(lines),
    { networkmode: "none", ...options },
  );
  const [log, result] = await Promise.all([
    new Response(build.logs()).text(),
    build.result(),
  ]);
  return { log, result };
}

const BASE = "FROM davit-test/base";

engineTest(
  "what an engine's BuildKit does not know is refused, and not ignored",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      for (
        const [feature, options] of [
          ["attest", { attest: { provenance: "min" } }],
          ["annotations", { annotations: { a: "b" } }],
          ["sourcePolicy", { sourcePolicy: { rules: [] } }],
          ["sourceDateEpoch", { sourceDateEpoch: 0 }],
          ["sourceDateEpoch", { sourceDateEpoch: 0, api: "buildkit" }],
          ["cgroupparent", { cgroupparent: "/a", api: "buildkit" }],
          [
            "several outputs",
            {
              outputs: [{ type: "moby" }, { type: "tar", dest: `${folder}/a` }],
            },
          ],
        ] as [string, ImageBuildOptions][]
      ) {
        const error = await assertRejects(
          () => built(docker, [BASE, "RUN true"], options),
          UnsupportedError,
        );
        assertEquals(error.feature, feature);
      }
    });
  },
  (engine) => !isRecent(engine),
);

engineTest(
  "an entitlement that the engine's configuration does not grant is refused with what to set",
  async ({ docker }) => {
    const refused = async (allow: string) =>
      await assertRejects(
        () => built(docker, [BASE], { allow }),
        UnsupportedError,
      );
    assertStringIncludes(
      (await refused("security.insecure")).message,
      '{"builder": {"entitlements": {"security-insecure": true}}}',
    );
    assertStringIncludes(
      (await refused("bogus")).message,
      "knows no such entitlement",
    );
  },
);

buildkitTest(
  "a step uses the host's network if that is allowed",
  async ({ docker, daemon }) => {
    const lines = [BASE, SALT, "RUN --network=host echo here"];
    const { log } = await built(docker, lines, { allow: ["network.host"] });
    assertEquals(log, "here\n");
    const apis = [
      "buildkit",
      ...daemon === undefined ? ["engine"] as const : [],
    ] as const;
    for (const api of apis) {
      const error = await assertRejects(
        () => built(docker, lines, { api }),
        BuildError,
      );
      assertStringIncludes(error.detail, "network.host is not allowed");
      assertEquals(error.missingEntitlements, ["network.host"]);
    }
  },
  isRecent,
);

const STAGES = [
  `${BASE} AS one`,
  SALT,
  "RUN cat /proc/sys/kernel/random/uuid > /one",
  `${BASE} AS two`,
  SALT,
  "RUN cat /proc/sys/kernel/random/uuid > /two",
  BASE,
  "COPY --from=one /one /",
  "COPY --from=two /two /",
];

buildkitTest(
  "nocachefilter runs the steps of its stages again, and says which stages there are not",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const stages = async (...nocachefilter: string[]) => {
        const { result } = await built(docker, STAGES, {
          nocachefilter,
          outputs: { type: "local", dest: folder },
        });
        return {
          one: await Deno.readTextFile(`${folder}/one`),
          two: await Deno.readTextFile(`${folder}/two`),
          warnings: result.warnings.map(({ code, short }) => [code, short]),
        };
      };
      const first = await stages();
      const second = await stages("ONE", "2");
      assert(first.one !== second.one);
      assertEquals(first.two, second.two);
      assertEquals(second.warnings, [[
        "option-ignored",
        'nocachefilter "2" has no effect: no stage of the Dockerfile has that name (FROM … AS name)',
      ]]);
      const third = await stages("two");
      assertEquals([third.one, third.warnings], [second.one, []]);
      assert(third.two !== second.two);
    });
  },
);

buildkitTest(
  "a source policy denies a base image, or puts another in its place",
  async ({ docker }) => {
    const identifier = "docker-image://docker.io/davit-test/base:latest";
    const denied = await assertRejects(
      () =>
        built(docker, [BASE], {
          sourcePolicy: {
            rules: [{ action: "DENY", selector: { identifier } }],
          },
        }),
      BuildError,
    );
    assertStringIncludes(denied.detail, "denied by policy");
    const sourcePolicy = JSON.stringify({
      rules: [{
        action: "CONVERT",
        selector: {
          identifier: "docker-image://docker.io/library/(davit-nosuch):1",
          match_type: "REGEX",
        },
        updates: { identifier },
      }],
    });
    const { log } = await built(
      docker,
      ["FROM davit-nosuch:1", SALT, "RUN echo built"],
      { sourcePolicy },
    );
    assertEquals(log, "built\n");
  },
  isRecent,
);

bothWaysTest(
  "sourceDateEpoch is the time that the image has",
  async (way) => {
    const { config } = await way.image(contextOf([BASE, SALT, "COPY a /"]), {
      sourceDateEpoch: new Date("2021-02-03T04:05:06.789Z"),
    });
    assertEquals(config.created, "2021-02-03T04:05:06Z");
  },
  isRecent,
);

/** Removes a control group that an engine leaves behind, in each hierarchy. */
async function removeCgroup(name: string): Promise<void> {
  const root = "/sys/fs/cgroup";
  for (const path of [root, ...await foldersOf(root)]) {
    const group = `${path}/${name}`;
    const isThere = await Deno.stat(group).then(() => true, () => false);
    if (!isThere) continue;
    for (const below of await foldersOf(group)) await Deno.remove(below);
    await Deno.remove(group);
  }
}

async function foldersOf(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries.filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${path}/${name}`);
}

bothWaysTest(
  "cgroupparent is obeyed by BuildKit's API, and the Engine API says that it is not",
  async ({ docker, api }) => {
    const parent = `davit-parent-${crypto.randomUUID()}`;
    await using _ = { [Symbol.asyncDispose]: () => removeCgroup(parent) };
    const { log, result } = await built(
      docker,
      [BASE, SALT, "RUN cat /proc/self/mountinfo /proc/self/cgroup"],
      { cgroupparent: `/${parent}`, nocache: true },
    );
    const warned = result.warnings.map(({ code, short }) =>
      [code, /cgroupparent/.test(short)] as unknown
    );
    assertEquals(warned, api === "engine" ? [["option-ignored", true]] : []);
    assertEquals(log.includes(parent), api === "buildkit");
  },
  isRecent,
);

buildkitTest(
  "provenance is a file in an export, as much as was asked for",
  async ({ docker }) => {
    const provenance = async (
      attest: ImageBuildOptions["attest"],
      name = "provenance.json",
    ) => {
      let text = "";
      await withTempFolder(async (folder) => {
        await built(docker, [BASE, "COPY a /"], {
          attest,
          outputs: { type: "local", dest: folder },
        });
        text = await Deno.readTextFile(`${folder}/${name}`);
      });
      return JSON.parse(text).predicate;
    };
    const min = await provenance({ provenance: "min" });
    assertEquals(min.buildConfig, undefined);
    assertMatch(min.materials[0].uri, /^pkg:docker\/davit-test\/base@/);
    const max = await provenance({
      provenance: {
        mode: "max",
        builderId: "https://ci.example/a,b",
        filename: "p.json",
        reproducible: true,
      },
    }, "p.json");
    assert(Array.isArray(max.buildConfig.llbDefinition));
    assertEquals(max.builder.id, "https://ci.example/a,b");
    assertEquals(max.metadata.reproducible, true);
    await assertRejects(
      () => provenance({ provenance: { inlineOnly: true } }),
      Deno.errors.NotFound,
    );
    await assertRejects(
      () => provenance({ provenance: false, sbom: false }),
      Deno.errors.NotFound,
    );
  },
  isRecent,
);

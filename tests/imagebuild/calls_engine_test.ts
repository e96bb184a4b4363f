// What real engines say of Dockerfiles: check, outline and targets, of every
// kind of context.

import {
  type BuildContext,
  BuildError,
  DockerClient,
  fetchTransport,
  UnsupportedError,
} from "../../mod.ts";
import { startGateway } from "../gateway/gateway.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { startRelay } from "../support/relay.ts";
import { dockerfileTar } from "../support/tar.ts";
import { buildkitTest } from "../support/ways.ts";

const LINES = [
  "# syntax of the engine",
  "FROM davit-test/base AS base",
  "ARG COLOUR=red",
  "# SIZE is how large it gets",
  "ARG SIZE",
  "# tested is what tests run in",
  "FROM base AS tested",
  "RUN --mount=type=secret,id=token,required \\",
  "  --mount=type=secret,id=$COLOUR true",
  "run --mount=type=ssh,required true",
  "FROM --platform=linux/amd64 base",
  "RUN true",
];
const TEXT = `${LINES.join("\n")}\n`;

/** Whether the engine's own frontend knows outlines and targets. */
const outlines = ({ generation }: { readonly generation: string }) =>
  generation !== "20";

buildkitTest(
  "dockerfileCheck() tells each violated rule with its place, of every kind of context",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await writeTree(folder, { "app/sub/Dockerfile.x": TEXT });
      const contexts: [BuildContext, Record<string, string>, string][] = [
        [
          `${folder}/app`,
          { dockerfile: "sub/Dockerfile.x" },
          "sub/Dockerfile.x",
        ],
        [{ files: { Dockerfile: TEXT } }, {}, "Dockerfile"],
        [{ dockerfile: { text: TEXT } }, {}, "Dockerfile"],
        [dockerfileTar(...LINES), {}, "Dockerfile"],
      ];
      for (const [context, options, file] of contexts) {
        const { violations, error } = await docker.dockerfileCheck(
          context,
          options,
        ).result();
        assertEquals(error, undefined);
        assertEquals(violations.map(({ rule }) => rule), [
          "ConsistentInstructionCasing",
          "FromPlatformFlagConstDisallowed",
        ]);
        const [{ description, url, detail, place } = never()] = violations;
        assertStringIncludes(description, "same casing");
        assertStringIncludes(url, "https://docs.docker.com/");
        assertStringIncludes(detail, "'run'");
        assertEquals(place, {
          file,
          ranges: [{ start: 10, end: 10 }],
          lines: [LINES[9]!],
          excerpt: place?.excerpt ?? "",
        });
        assertStringIncludes(place?.excerpt ?? "", `${file}:10\n`);
        assertStringIncludes(place?.excerpt ?? "", `  10 | >>> ${LINES[9]}\n`);
      }
      // What a target does not need is not checked.
      const rules = await docker.dockerfileCheck(
        { dockerfile: { text: "FROM davit-test/base\nENV a b\n" } },
        { tag: "no-image:1", outputs: { type: "local", dest: `${folder}/no` } },
      ).result();
      assertEquals(rules.violations.map(({ rule }) => rule), [
        "LegacyKeyValueFormat",
      ]);
      await assertRejects(() => Deno.stat(`${folder}/no`));
    });
  },
  isRecent,
);

buildkitTest(
  "dockerfileCheck() says why a Dockerfile can't be built, and where; that is no error of the call",
  async ({ docker }) => {
    const check = (text: string) =>
      docker.dockerfileCheck({ dockerfile: { text } }).result();
    const bad = await check("FROM davit-test/base\n\nRUNN true\n");
    assertEquals(bad.violations, []);
    assertStringIncludes(bad.error?.message ?? "", "unknown instruction: RUNN");
    assertEquals(bad.error?.place?.ranges, [{ start: 3, end: 3 }]);
    assertEquals(bad.error?.place?.lines, ["RUNN true"]);
    const strict = await check(
      "# check=error=true\nFROM davit-test/base\nENV a b\n",
    );
    assertEquals(strict.violations.map(({ rule }) => rule), [
      "LegacyKeyValueFormat",
    ]);
    assertEquals(strict.error, {
      message: "lint violation found for rules: LegacyKeyValueFormat",
      place: undefined,
    });
  },
  isRecent,
);

buildkitTest(
  "dockerfileOutline() tells what a target takes, and dockerfileTargets() which there are",
  async ({ docker }) => {
    const context = { dockerfile: { text: TEXT } };
    const outline = await docker.dockerfileOutline(context, {
      target: "tested",
      buildargs: { COLOUR: "green" },
    }).result();
    const shown = {
      ...outline,
      args: outline.args.map(({ place, ...arg }) => [
        arg,
        place?.ranges[0]?.start,
      ]),
      secrets: outline.secrets.map(({ id, required, place }) => [
        id,
        required,
        place?.lines.length,
      ]).sort(),
      ssh: outline.ssh.map(({ id, required }) => [id, required]),
    };
    assertEquals(shown, {
      name: "tested",
      description: "is what tests run in",
      args: [
        [{ name: "COLOUR", value: "green", description: "" }, 3],
        [{
          name: "SIZE",
          value: undefined,
          description: "is how large it gets",
        }, 5],
      ],
      secrets: [["green", false, 2], ["token", true, 2]],
      ssh: [["default", true]],
      caches: [],
    });
    const targets = await docker.dockerfileTargets(context).result();
    assertEquals(
      targets.map(({ place, ...target }) => [target, place?.ranges[0]?.start]),
      [
        [{
          name: "base",
          default: false,
          description: "",
          base: "davit-test/base",
          platform: "",
        }, 2],
        [{
          name: "tested",
          default: false,
          description: "is what tests run in",
          base: "base",
          platform: "",
        }, 7],
        [{
          name: "",
          default: true,
          description: "",
          base: "base",
          platform: "linux/amd64",
        }, 11],
      ],
    );
    const error = await assertRejects(
      () => docker.dockerfileOutline(context, { target: "nope" }).result(),
      BuildError,
      'target stage "nope" could not be found',
    );
    assertEquals(error.exitCode, undefined);
    const bad = await assertRejects(
      () =>
        docker.dockerfileTargets({ dockerfile: { text: "FROM a\nRUNN\n" } })
          .result(),
      BuildError,
      "unknown instruction: RUNN",
    );
    assertEquals(bad.source?.startLine, 2);
  },
  outlines,
);

buildkitTest(
  "dockerfileCall() gives an answer as it came, and says that a frontend does not know a question",
  async ({ docker }) => {
    const context = { dockerfile: { text: TEXT } };
    const { json, text, version, statusCode } = await docker.dockerfileCall(
      "subrequests.describe",
      context,
    ).result();
    assertEquals(
      JSON.parse(json!).at(-1).name,
      "frontend.subrequests.describe",
    );
    assert(text?.startsWith("NAME "));
    assertEquals([version, statusCode], ["1.0.0", 0]);
    const unknown = await assertRejects(
      () => docker.dockerfileCall("nope", context).result(),
      UnsupportedError,
      "Cannot ask the frontend for nope: the frontend that reads it does not know how",
    );
    assertEquals(unknown.feature, "nope");
    for (const name of ["", "a b", "a=b", "../x"]) {
      await assertRejects(
        () => docker.dockerfileCall(name, context).result(),
        TypeError,
        "a question has a name",
      );
    }
  },
  outlines,
);

engineTest(
  "what an engine does not know is refused before anything is sent, and by the answer where davit can't know",
  async ({ docker, generation, socketPath }) => {
    await using relay = await startRelay(socketPath);
    await using relayed = await DockerClient.fromDockerHost(relay.host);
    const calls = [
      "dockerfileCheck",
      "dockerfileOutline",
      "dockerfileTargets",
    ] as const;
    for (const call of generation === "20" ? calls : calls.slice(0, 1)) {
      await assertRejects(
        () => relayed[call]({ dockerfile: { text: TEXT } }).result(),
        UnsupportedError,
        "BuildKit of this engine does not know how; use a newer engine, or begin the Dockerfile with # syntax=docker/dockerfile:1",
      );
      assertEquals(relay.find("POST"), []);
      await assertRejects(
        () => docker[call](dockerfileTar(...LINES)).result(),
        UnsupportedError,
        "the frontend that reads it does not know how",
      );
    }
  },
  ({ generation }) => generation === "20" || generation === "26",
);

engineTest(
  "a check needs BuildKit's own API: not by fetch, not through a gateway, not with version 1 or api engine",
  async ({ docker, host, socketPath }) => {
    await using served = await startGateway({ engine: host });
    await using gateway = await DockerClient.fromDockerHost(
      `unix://${served.path}`,
    );
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: socketPath },
    });
    await using plain = new DockerClient(fetchTransport("http://localhost", {
      fetch: ((input: string, init: RequestInit) =>
        fetch(input, { ...init, client })) as typeof fetch,
    }));
    const context = { dockerfile: { text: TEXT } };
    for (
      const [client, options, words] of [
        [gateway, {}, "a davit gateway lets nobody reach BuildKit's own API"],
        [plain, {}, "this transport can not take a connection over"],
        [docker, { version: "1" }, 'classic builder (version "1")'],
        [docker, { api: "engine" }, 'api is "engine"; leave api out'],
      ] as const
    ) {
      for (const call of ["dockerfileCheck", "buildFiles"] as const) {
        const error = await assertRejects(
          () => client[call](context, options).result(),
          UnsupportedError,
          words,
        );
        assertStringIncludes(
          error.message,
          call === "buildFiles"
            ? "Cannot read files of a build: "
            : "Cannot check the Dockerfile: ",
        );
      }
    }
  },
  isRecent,
);

function never(): never {
  throw new Error("the list is empty");
}

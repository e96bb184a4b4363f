/** What a BuildKit daemon is asked for, and what it is not. */
import { UnsupportedError } from "../../lib/errors.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import { checkDaemon } from "../../lib/imagebuild/ways/daemon_limits.ts";
import { frontendAttrs } from "../../lib/imagebuild/ways/frontend_attrs.ts";
import { solveExporters } from "../../lib/imagebuild/ways/solve_exporters.ts";
import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";

const DAEMON = { keepsImages: false };

function requestOf(options: ImageBuildOptions) {
  const source = { kind: "tar", stream: new ReadableStream() } as const;
  return checkRequest(options, source, DAEMON);
}

Deno.test("what a daemon can't do is refused in words, each thing by its own", () => {
  const secrets = { a: "some value" };
  const cases: [ImageBuildOptions, string, string][] = [
    [{ version: "1" }, 'version "1"', "no classic builder"],
    [{ api: "engine" }, 'api "engine"', "no Engine API"],
    [{ secretsVia: "header" }, 'secretsVia "header"', "over the session"],
    [{ squash: true }, "squash", "can not squash"],
    [{ cacheto: "type=inline" }, "cacheto", "without an output there is none"],
    [{ outputs: { type: "moby" } }, 'output "moby"', 'take "registry"'],
    [
      { secrets, verify: true },
      "verify",
      "without an output the result stays in the daemon's cache",
    ],
    [
      { secrets, verify: true, outputs: { type: "image" } },
      "verify",
      "an image in the daemon's own store does not",
    ],
  ];
  for (const [options, feature, words] of cases) {
    const error = assertThrows(
      () => checkDaemon(requestOf(options)),
      UnsupportedError,
      `Cannot build with ${feature}: `,
    );
    assertEquals(error.feature, feature);
    assertStringIncludes(error.message, words);
  }
  for (
    const options of [
      {
        version: "2",
        api: "buildkit",
        secretsVia: "session",
        squash: false,
        outputs: { type: "cacheonly" },
      },
      { secrets, verify: true, outputs: { type: "local", dest: "out" } },
      { outputs: { type: "image" } },
      { outputs: { type: "image" }, cacheto: "type=inline" },
      { outputs: { type: "cacheonly" }, cacheto: "a:1" },
      { outputs: { type: "registry" }, tag: "h/a" },
      { outputs: { type: "cacheonly" } },
      { outputs: { type: "local", dest: "out" }, cgroupparent: "a" },
    ] satisfies ImageBuildOptions[]
  ) {
    assertEquals(checkDaemon(requestOf(options)), [], Deno.inspect(options));
  }
});

Deno.test("a result that nobody gets is a warning, and so is an option that BuildKit ignores", () => {
  const [kept, ...none] = checkDaemon(requestOf({}));
  assertEquals([kept?.[0], none], ["no-output", []]);
  assertStringIncludes(kept![1], "stays in the daemon's cache: name an output");
  const [named] = checkDaemon(requestOf({ tag: ["a", "b:1"] }));
  assertStringIncludes(
    named![1],
    "stays in the daemon's cache, and gets no name (a,b:1): ",
  );
  assertEquals(
    checkDaemon(
      requestOf({ rm: true, memory: 1, outputs: { type: "cacheonly" } }),
    ),
    ["rm", "memory"].map((name) => [
      "option-ignored",
      `${name} has no effect: BuildKit ignores it`,
      name,
    ]),
  );
});

Deno.test("a daemon makes no image unless asked, and keeps it in its own store", () => {
  const exportersOf = (options: ImageBuildOptions) =>
    solveExporters(requestOf(options), DAEMON);
  assertEquals(requestOf({}).makesImage, false);
  assertEquals(requestOf({ outputs: { type: "image" } }).makesImage, true);
  assertEquals(exportersOf({ tag: "a" }), []);
  assertEquals(exportersOf({ outputs: { type: "cacheonly" } }), []);
  assertEquals(exportersOf({ outputs: { type: "image" }, tag: "a" }), [{
    type: "image",
    attrs: { name: "docker.io/library/a:latest" },
  }]);
  assertEquals(exportersOf({ outputs: { type: "registry" }, tag: "h/a" }), [{
    type: "image",
    attrs: { push: "true", name: "docker.io/h/a:latest" },
  }]);
  assertEquals(
    exportersOf({ outputs: { type: "docker", dest: "a.tar" }, tag: "a" }),
    [{ type: "docker", attrs: { name: "docker.io/library/a:latest" } }],
  );
});

Deno.test("a daemon has no images of its own to build from, as an engine has", () => {
  const modeOf = (options: ImageBuildOptions, localImages: boolean) =>
    frontendAttrs(requestOf(options), {
      dockerfile: undefined,
      context: undefined,
      contexts: {
        folders: new Map(),
        tars: new Map(),
        remotes: new Map(),
        files: new Map(),
      },
      localImages,
      forward: false,
      hosts: [],
      caches: [],
    })["image-resolve-mode"];
  assertEquals(modeOf({}, true), "local");
  assertEquals(modeOf({}, false), undefined);
  assertEquals(modeOf({ pull: true }, true), "pull");
  assertEquals(modeOf({ pull: true }, false), "pull");
});

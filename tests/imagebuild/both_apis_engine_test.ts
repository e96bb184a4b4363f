// Every Dockerfile of the tests' collection, by POST /build and by BuildKit's
// own API: the same image, the same events, the same error.

import { assert, assertEquals } from "../support/assert.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { startRelay } from "../support/relay.ts";
import { DockerClient, type ImageBuildOptions } from "../../mod.ts";
import {
  exportedContent,
  type Failure,
  failureOf,
  type Happened,
  happened,
  imageContent,
} from "./build_outcome.ts";
import { COLLECTED_BUILDS, type CollectedBuild } from "./collected_builds.ts";

type Api = NonNullable<ImageBuildOptions["api"]>;

interface Outcome {
  readonly happened: Happened;
  readonly failure: Failure | undefined;
  /** Of an image or an export that nothing in the cache was taken for. */
  readonly content: unknown;
  /** Id of the image; empty for an export. */
  readonly id: string;
}

const NONE: Failure = { type: "", words: "", lines: undefined };

/** Builds by one of the APIs; undefined if the command would refuse the words. */
async function outcomeBy(
  api: Api,
  { docker }: Pick<EngineContext, "docker">,
  build: CollectedBuild,
  nocache: boolean,
): Promise<Outcome | undefined> {
  const tag = `davit-test/both-apis:${crypto.randomUUID()}`;
  let outcome: Outcome | undefined;
  await withTempFolder(async (folder) => {
    const context = `${folder}/context`;
    await Deno.mkdir(context);
    const more = { api, tag, networkmode: "none", nocache } as const;
    await build.run(docker, context, more, async (running) => {
      const told = await happened(running);
      let id = "";
      let failure: Failure | undefined;
      await running.wait().then(
        (value) => id = value,
        (error) => failure = failureOf(error),
      );
      const content = failure !== undefined || !nocache
        ? undefined
        : build.output === undefined
        ? await imageContent(docker, tag)
        : await exportedContent(`${folder}/${build.output}`);
      const own = { [tag]: "TAG", [folder]: "FOLDER" };
      const all = renamed(told, own);
      // What is side by side with a failure ends in one way or another.
      const steps = failure === undefined
        ? all.steps
        : all.steps.map((step) => step.replace(/: (?:done|planned) .*/s, ""));
      outcome = { happened: { ...all, steps }, failure, content, id };
    });
  });
  await docker.imageRemove(tag, { force: true }).catch(() => {}); // a failed one has no image
  return outcome;
}

/** Puts other words in the place of the names that a build has alone. */
function renamed(
  told: Happened,
  names: Readonly<Record<string, string>>,
): Happened {
  let text = JSON.stringify(told);
  for (const [name, word] of Object.entries(names)) {
    text = text.replaceAll(name, word);
  }
  return JSON.parse(text);
}

/**
 * Compares the builds, made anew.
 *
 * @param isCachedToo Whether one is compared again when it comes from the cache.
 */
async function compareAll(
  context: EngineContext,
  builds: readonly CollectedBuild[],
  isCachedToo: (index: number) => boolean,
): Promise<void> {
  await using relay = await startRelay(context.socketPath);
  await using docker = await DockerClient.fromDockerHost(relay.host);
  let compared = 0;
  for (const [index, build] of builds.entries()) {
    if (build.recent && !isRecent(context)) continue;
    const { name } = build;
    const engine = await outcomeBy("engine", context, build, true);
    if (engine === undefined) continue;
    compared++;
    const buildkit = (await outcomeBy("buildkit", { docker }, build, true))!;
    assertEquals(buildkit.content, engine.content, name);
    // Even so, sources and texts come from the cache of the build before.
    const { fromCache: _, ...expected } = engine.happened;
    const { fromCache: __, ...actual } = buildkit.happened;
    assertEquals(actual, expected, name);
    const { lines, step, ...failure } = buildkit.failure ?? NONE;
    const { lines: lines2, step: step2, ...words } = engine.failure ?? NONE;
    assertEquals(failure, words, name);
    // BuildKit's API may know a place or a step where POST /build has none.
    if (build.chance) assertEquals(lines?.length, lines2?.length, name);
    else if (lines2 !== undefined) assertEquals(lines, lines2, name);
    if (step2 !== undefined) assertEquals(step, step2, name);
    if (engine.failure !== undefined || !isCachedToo(index)) continue;

    const again = (await outcomeBy("engine", context, build, false))!;
    const cached = (await outcomeBy("buildkit", { docker }, build, false))!;
    // The same layers, and so the same image, byte by byte.
    assertEquals(cached, again, name);
  }
  assert(compared > 30, `${compared}`);
  // They went the one way, and not the other.
  const asked = relay.connections.map((one) => one.request());
  assert(asked.some((text) => /^POST \S*\/grpc /.test(text)));
  assert(!asked.some((text) => /^POST \S*\/build\b/m.test(text)));
}

engineTest(
  "every Dockerfile of the collection: the same by both APIs",
  // Half of the cached ones on an old engine, half on a recent one.
  (context) =>
    compareAll(
      context,
      COLLECTED_BUILDS,
      (index) => isRecent(context) === (index % 2 === 0),
    ),
);

containerdTest(
  "what of the collection is built on the containerd store: the same by both APIs",
  (context) =>
    compareAll(
      context,
      COLLECTED_BUILDS.filter(({ name }) => !/^(fails|flags): /.test(name)),
      () => false,
    ),
);

import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { BASE_IMAGE } from "../engines/base_image.ts";
import type { SampleBuild } from "../progress/builds.ts";
import { postSample } from "../progress/capture.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { PRINTED_BUILDS, runBuildx } from "./capture.ts";
import { normalized, rendered, renderedInTime } from "./replay.ts";

/** What davit prints of an engine's answer. */
async function plainOf(answer: string): Promise<string> {
  const carry = new TextCarry();
  const classic = new ClassicTranslator();
  const batches = answer.split("\n").filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line)).map((message) =>
      message.id === "moby.buildkit.trace"
        ? eventsOf(decodeTrace(message.aux)!, carry)
        : classic.translate(message)
    );
  return await renderedInTime(batches, { mode: "plain" });
}

/**
 * Without what differs between two runs of one build: whether a step of
 * BuildKit's own was done before, whether the engine told of its end once or
 * twice (both then print it twice), which of a step's two pipes the engine read
 * first, and which warnings came before their step's end.
 */
function comparable(text: string): string {
  return normalized(text).replace(/^(#[1-4]) CACHED$/gm, "$1 DONE TIME")
    .replace(/^((#[1-4]) .*\n\2 DONE TIME\n\n)\1+/gm, "$1")
    .replace(/^#\d+ WARN: .*\n/gm, "")
    .replace(/^(.*TIME wrong\n)(.*TIME before\n)/gm, "$2$1");
}

for (const build of PRINTED_BUILDS.filter(({ twice }) => !twice)) {
  engineTest(
    `plain of ${build.name} is what buildx prints at the same time`,
    async (engine) => {
      const ours = await withOwnBase(
        engine,
        build,
        async (own) => await plainOf(await postSample(engine.host, own)),
      );
      const theirs = await withOwnBase(
        engine,
        build,
        (own) => runBuildx(engine, own, "plain"),
      );
      assertEquals(comparable(ours), comparable(theirs));
    },
    (engine) => isRecent(engine) && engine.cli !== undefined,
  );
}

/**
 * Prints a build that begins from files of its own: of a step that others take
 * at the same time, the engine tells in another order, twice, or by their name.
 */
async function withOwnBase(
  { docker }: EngineContext,
  build: SampleBuild,
  print: (own: SampleBuild) => Promise<string>,
): Promise<string> {
  const salt = crypto.randomUUID();
  const ownBase = `${BASE_IMAGE.split(":", 1)}:${salt}`;
  await docker.imageBuild(
    dockerfileTar(`FROM ${BASE_IMAGE}`, `RUN echo ${salt} > /salt`),
    { tag: ownBase, networkmode: "none" },
  ).wait();
  try {
    const dockerfile = build.dockerfile.replaceAll(BASE_IMAGE, ownBase);
    const text = await print({ ...build, dockerfile });
    return text.replaceAll(ownBase, BASE_IMAGE);
  } finally {
    await docker.imageRemove(ownBase);
  }
}

engineTest("every engine's answer becomes steps", async (engine) => {
  for (const build of PRINTED_BUILDS.slice(0, 2)) {
    const text = await withOwnBase(
      engine,
      build,
      async (own) => await plainOf(await postSample(engine.host, own)),
    );
    assert(/^#\d+ \[2\/4\] RUN echo to stdout/m.test(text));
  }
  assertEquals(await rendered([], { mode: "plain" }), "");
});

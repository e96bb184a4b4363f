import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { eventsOf, TextCarry } from "../../lib/progress/event.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { postSample } from "../progress/capture.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
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
 * twice (both then print it twice), and which of a step's two pipes the engine
 * read first.
 */
function comparable(text: string): string {
  return normalized(text).replace(/^(#[1-4]) CACHED$/gm, "$1 DONE TIME")
    .replace(/^((#[1-4]) .*\n\2 DONE TIME\n\n)\1+/gm, "$1")
    .replace(/^(.*TIME wrong\n)(.*TIME before\n)/gm, "$2$1");
}

for (const build of PRINTED_BUILDS.filter(({ twice }) => !twice)) {
  engineTest(
    `plain of ${build.name} is what buildx prints at the same time`,
    async (engine) => {
      const ours = await plainOf(await postSample(engine.host, build));
      const theirs = await runBuildx(engine, build, "plain");
      assertEquals(comparable(ours), comparable(theirs));
    },
    (engine) => isRecent(engine) && engine.cli !== undefined,
  );
}

engineTest("every engine's answer becomes steps", async (engine) => {
  for (const build of PRINTED_BUILDS.slice(0, 2)) {
    const text = await plainOf(await postSample(engine.host, build));
    assert(/^#\d+ \[2\/4\] RUN echo to stdout/m.test(text));
  }
  assertEquals(await rendered([], { mode: "plain" }), "");
});

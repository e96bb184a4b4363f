import { PlainDisplay } from "../../lib/display/plain.ts";
import { displayBuild } from "../../lib/display/display_build.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { BuildState, SHOWN } from "../../lib/progress/state.ts";
import { DockerClient } from "../../mod.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "../progress/builds.ts";
import {
  eventsOfTrace,
  readTrace,
  TRACE_GENERATIONS,
} from "../progress/traces.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";
import { vertex, warning } from "./events.ts";

/** What the plain display prints when it renders behind each batch. */
function printed(
  batches: readonly (readonly BuildEvent[])[],
  ahead: boolean,
): string {
  const state = new BuildState(SHOWN);
  const apply = (events: readonly BuildEvent[]) => {
    for (const event of events) state.apply(event);
  };
  if (ahead) batches.forEach(apply);
  const display = new PlainDisplay(state);
  const decoder = new TextDecoder();
  let text = "";
  let now = 0;
  for (const batch of batches) {
    if (!ahead) apply(batch);
    display.update(batch, now += 50);
    text += decoder.decode(display.render(now));
  }
  return text + decoder.decode(display.end(now));
}

for (const { name } of [...SAMPLE_BUILDS, ...CLASSIC_BUILDS]) {
  Deno.test(`plain prints the same of ${name} however far behind it reads`, () => {
    for (const generation of TRACE_GENERATIONS) {
      const batches = eventsOfTrace(`${generation}_${name}`);
      assertEquals(printed(batches, true), printed(batches, false));
    }
  });
}

Deno.test("plain prints what begins twice, moves and warns in its order, however far behind it reads", () => {
  const moved = (current: number, completed?: number): BuildEvent => ({
    type: "status",
    vertex: "a",
    id: "layer",
    name: "",
    current,
    total: 10,
    time: 1000 + current,
    started: 1000,
    completed,
  });
  const batches = [
    [vertex("a", { started: undefined })],
    [vertex("a")],
    [moved(1)],
    [warning("one", "a"), moved(5)],
    [vertex("a", { completed: 1200 })],
    [vertex("a", { started: 2000, name: "another name" }), warning("two", "a")],
    [moved(10, 2100)],
    [vertex("a", { started: 2000, completed: 2300, error: "it broke" })],
  ];
  const text = printed(batches, true);
  assertEquals(text, printed(batches, false));
  assertEquals(text.match(/WARN: \w+|DONE|ERROR/g), [
    "WARN: one",
    "DONE",
    "WARN: two",
    "ERROR",
  ]);
});

Deno.test("displayBuild() shows a build by its own state, and what only looks like one by its events", async () => {
  const lines = readTrace("28_failing_run").map((line) => JSON.stringify(line));
  await using engine = await startFakeEngine(async (request) => {
    await drainChunked(request);
    await request.write(BUILD_HEAD);
    for (const line of lines) await request.write(`${line}\r\n`);
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    session: false,
  });
  await build.wait().catch(() => {}); // it is shown
  const { apply } = BuildState.prototype;
  let applied = 0;
  BuildState.prototype.apply = function (event) {
    applied++;
    return apply.call(this, event);
  };
  const shown = async (
    given: Parameters<typeof displayBuild>[0],
    mode: "plain" | "tty",
  ) => {
    applied = 0;
    let text = "";
    const decoder = new TextDecoder();
    const output = new WritableStream<Uint8Array>({
      write: (chunk) => void (text += decoder.decode(chunk, { stream: true })),
    });
    await displayBuild(given, {
      mode,
      output,
      terminal: { columns: 80, rows: 24 },
      now: () => 0,
    }).catch(() => {}); // the build's failure, again
    return { text, applied };
  };
  try {
    for (const mode of ["plain", "tty"] as const) {
      const own = await shown(build, mode);
      assertEquals(own.applied, 0, "no second state is fed");
      const other = await shown({ events: () => build.events() }, mode);
      assert(other.applied > 0);
      assert(
        own.text.includes(
          "wrong\n".replace("\n", mode === "tty" ? "\r\n" : "\n"),
        ),
        own.text,
      );
      if (mode === "plain") assertEquals(own.text, other.text);
    }
  } finally {
    BuildState.prototype.apply = apply;
  }
});

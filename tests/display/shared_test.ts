import { displayBuild } from "../../mod.ts";
import { displayEvents } from "../../lib/display/display_events.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "../support/assert.ts";
import { eventsOfTrace } from "../progress/traces.ts";
import { until } from "../support/until.ts";

/** A build of one step, told from outside. */
class Told {
  readonly #stream = new TransformStream<BuildEvent[], BuildEvent[]>();
  readonly #writer = this.#stream.writable.getWriter();
  readonly events = this.#stream.readable;

  async step(fields: { completed?: number; error?: string } = {}) {
    await this.#writer.write([{
      type: "vertex",
      digest: "a",
      name: "step",
      inputs: [],
      cached: false,
      started: 1000,
      completed: fields.completed,
      error: fields.error,
      group: undefined,
    }]);
  }

  async log(text: string) {
    const bytes = new TextEncoder().encode(text);
    await this.#writer.write([
      { type: "log", vertex: "a", stream: "stdout", bytes, text, time: 1500 },
    ]);
  }

  async end(error?: Error) {
    await (error ? this.#writer.abort(error) : this.#writer.close());
  }
}

class Output {
  text = "";
  readonly stream: WritableStream<Uint8Array> = new WritableStream({
    write: (chunk) => {
      this.text += new TextDecoder().decode(chunk);
    },
  });
}

/** A clock that makes every update due. */
function clock(): () => number {
  let time = 0;
  return () => time += 200;
}

Deno.test("plain begins each line with the build's name where there are several", async () => {
  const output = new Output();
  const [one, two] = [new Told(), new Told()];
  const options = { mode: "plain", now: clock() } as const;
  const first = displayEvents(one.events, output.stream, {
    ...options,
    name: "app:1",
  });
  await one.step();
  await one.log("alone\nbegin");
  await until(() => output.text.endsWith("begin"), "the first one is seen");
  const second = displayEvents(two.events, output.stream, {
    ...options,
    name: "db",
  });
  await two.step();
  await two.log("whole\npart");
  await one.log(" and end\n");
  await two.log(" of it\n");
  await one.step({ completed: 2000 });
  await one.end();
  await first;
  assert(output.stream.locked);
  await two.step({ completed: 3000, error: "it broke" });
  await two.end();
  await second;
  assertEquals(output.stream.locked, false);
  const lines = output.text.split("\n");
  assertEquals(lines.slice(0, 3), [
    "#1 step",
    "#1 0.500 alone",
    "#1 0.500 begin",
  ]);
  const of = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} |`))
      .map((line) => line.slice(name.length + 3));
  assertEquals(of("app:1"), [" and end", "#1 DONE 1.0s"]);
  assertEquals(of("db"), [
    "#1 step",
    "#1 0.500 whole",
    "#1 0.500 part of it",
    "#1 ERROR: it broke",
    "------",
    " > step:",
    "0.500 whole",
    "0.500 part of it",
    "------",
  ]);
  assertEquals(lines.length, 3 + 2 + 9 + 1);
});

Deno.test("builds of one name have numbers, and what has no line end gets one", async () => {
  const output = new Output();
  const builds = [new Told(), new Told(), new Told()];
  const shown = builds.map((build) =>
    displayEvents(build.events, output.stream, { mode: "plain", now: clock() })
  );
  for (const build of builds) {
    await build.step();
    await build.log("open");
  }
  for (const build of builds) await build.end();
  await Promise.all(shown);
  assertEquals(
    output.text.split("\n").filter((line) => line.includes("open")).toSorted(),
    [
      "build (2) | #1 0.500 open",
      "build (3) | #1 0.500 open",
      "build | #1 0.500 open",
    ],
  );
  assert(output.text.endsWith("\n"));
});

Deno.test("rawjson of several builds is whole lines that tell whose they are", async () => {
  const output = new Output();
  const names = ["28_stages", "28_output", "28_failing_run"];
  await Promise.all(
    names.map((name) =>
      displayEvents(ReadableStream.from(eventsOfTrace(name)), output.stream, {
        mode: "rawjson",
        name,
      })
    ),
  );
  const lines = output.text.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  for (const name of names) {
    const alone = new Output();
    await displayEvents(
      ReadableStream.from(eventsOfTrace(name)),
      alone.stream,
      { mode: "rawjson", name },
    );
    assertEquals(
      lines.filter(({ build }) => build === name).map((
        { build: _, ...rest },
      ) => JSON.stringify(rest)),
      alone.text.trimEnd().split("\n"),
    );
  }
});

Deno.test("quiet of several builds is their ids, and outputs don't mix", async () => {
  const [one, two] = [new Output(), new Output()];
  const show = (output: Output, mode: "quiet" | "plain") =>
    displayEvents(
      ReadableStream.from(eventsOfTrace("28_output")),
      output.stream,
      { mode },
    );
  await Promise.all([
    show(one, "quiet"),
    show(one, "quiet"),
    show(two, "plain"),
  ]);
  assertMatch(one.text, /^(sha256:[0-9a-f]{64}\n){2}$/);
  assert(two.text.startsWith("#1 "));
  assertEquals(one.text.includes("#1"), false);
});

Deno.test("a build that fails ends its own display, not the others", async () => {
  const output = new Output();
  const [one, two] = [new Told(), new Told()];
  const failure = new Error("it failed");
  const show = (told: Told, names: string[]) =>
    displayBuild({
      names,
      async *events() {
        for await (const batch of told.events) yield* batch;
      },
    }, { mode: "plain", now: clock(), output: output.stream });
  const shown = [show(one, ["a:1", "a:2"]), show(two, [])];
  await one.step();
  await two.step();
  const failing = assertRejects(() => shown[0]!, Error, "it failed");
  await one.end(failure);
  await failing;
  await two.log("goes on\n");
  await two.step({ completed: 3000 });
  await two.end();
  await shown[1];
  assert(output.text.includes("a:1 | #1 step\n"), output.text);
  assert(output.text.includes("build | #1 0.500 goes on\n"), output.text);
  assertEquals(output.stream.locked, false);
});

Deno.test("a text beside a painted build goes above its frame", async () => {
  const output = new Output();
  const [painted, plain] = [new Told(), new Told()];
  const shown = [
    displayEvents(painted.events, output.stream, {
      mode: "tty",
      color: false,
      terminal: { columns: 60, rows: 10 },
      name: "painted",
    }),
    displayEvents(plain.events, output.stream, {
      mode: "plain",
      name: "text",
      now: clock(),
    }),
  ];
  await painted.step();
  await plain.step();
  await plain.log("line\n");
  await plain.step({ completed: 2000 });
  await plain.end();
  await painted.step({ completed: 2000 });
  await painted.end();
  await Promise.all(shown);
  // What is seen at the end: frames are gone, texts have stayed.
  // deno-lint-ignore no-control-regex
  assertMatch(output.text, /\x1b\[Jtext \| #1 0\.500 line\n/);
  assertMatch(
    output.text,
    /\[\+\] Building painted \d+\.\ds \(1\/1\) FINISHED/,
  );
});

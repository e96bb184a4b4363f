import { PlainDisplay } from "../../lib/display/plain.ts";
import { QuietDisplay } from "../../lib/display/quiet.ts";
import { formatRawJson, RawJsonDisplay } from "../../lib/display/rawjson.ts";
import { SharedOutput } from "../../lib/display/shared_output.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assertEquals } from "../support/assert.ts";
import { log, vertex, warning } from "./events.ts";

const decoder = new TextDecoder();

/** A plain display that is told events, and what it prints. */
function plain() {
  const state = new BuildState({ tailBytes: 0 });
  const display = new PlainDisplay(state);
  return {
    update(now: number, ...events: BuildEvent[]): boolean {
      for (const event of events) state.apply(event);
      return display.update(events, now);
    },
    render: (now: number) => decoder.decode(display.render(now)),
    end: (now: number) => decoder.decode(display.end(now)),
  };
}

Deno.test("plain prints what is completed in its order, the step that has its turn last of all", () => {
  const { update, render } = plain();
  update(1000, vertex("a"), log("a", "begin\n"));
  assertEquals(render(1000), "#1 step a\n#1 0.500 begin\n");
  update(
    1100,
    vertex("b", { completed: 3000 }),
    vertex("c", { completed: 2000 }),
    vertex("a", { completed: 4000 }),
    vertex("d", { completed: 2500 }),
  );
  assertEquals(render(1100).match(/^#\d .*/gm), [
    "#1 DONE 3.0s",
    "#2 step c",
    "#2 DONE 1.0s",
    "#3 step d",
    "#3 DONE 1.5s",
    "#4 step b",
    "#4 DONE 2.0s",
  ]);
  // What the engine tells again is no news.
  assertEquals(
    update(
      1200,
      vertex("b", { completed: 3000 }),
      vertex("e", { started: undefined }),
    ),
    false,
  );
  assertEquals(render(1200), "");
});

Deno.test("plain shows a step that is silent where none has its turn, and no hidden one", () => {
  const group = { id: "g", name: "a group", weak: true };
  const { update, render, end } = plain();
  update(1000, vertex("w", { group }), vertex("a"), vertex("b"));
  assertEquals(render(1000), "#1 step a\n");
  assertEquals(render(1050), "");
  update(1100, vertex("a", { completed: 1100 }));
  // The other one has waited.
  assertEquals(render(1100), "#1 DONE 0.1s\n\n#2 step b\n");
  assertEquals(render(1200), "");
  assertEquals(end(1300), "");
});

Deno.test("plain shows what is completed by the end in its order, too", () => {
  const { update, end } = plain();
  update(
    1000,
    vertex("a", { completed: 3000 }),
    vertex("b", { completed: 2000 }),
  );
  assertEquals(
    end(1000),
    "#1 step b\n#1 DONE 1.0s\n\n#2 step a\n#2 DONE 2.0s\n",
  );
});

Deno.test("plain stays with the step that has its turn while no step has news", () => {
  const { update, render } = plain();
  update(1000, vertex("a"), vertex("b"), log("b", "x\n"));
  assertEquals(render(1000), "#1 step b\n#1 0.500 x\n");
  // The other one has waited for so long.
  assertEquals(render(12_000), "#1 ...\n\n#2 step a\n");
  update(12_100, log("b", "y\n"));
  assertEquals(render(12_100), "#2 ...\n\n#1 step b\n#1 0.500 y\n");
  assertEquals(render(12_200), "");
});

Deno.test("plain shows no hidden step where it is the only one that runs", () => {
  const group = { id: "g", name: "a group", weak: true };
  const { update, render } = plain();
  update(1000, vertex("w", { group }), vertex("a"));
  assertEquals(render(1000), "#1 step a\n");
  update(1100, vertex("a", { completed: 1100 }));
  assertEquals(render(1100), "#1 DONE 0.1s\n");
  assertEquals(render(1200), "");
});

Deno.test("plain shows output of a step that has not begun when it begins", () => {
  const { update, render } = plain();
  update(1000, vertex("a", { started: undefined }), log("a", "early\n"));
  assertEquals(render(1000), "");
  update(1100, vertex("a"));
  assertEquals(render(1100), "#1 step a\n#1 0.000 early\n");
});

Deno.test("plain goes on where the state knows more than it was told, or less", () => {
  const state = new BuildState({ tailBytes: 0 });
  const display = new PlainDisplay(state);
  state.apply(vertex("a"));
  state.apply(vertex("b", { completed: 2000, error: "it broke" }));
  // Another event of the same step than that which the state has.
  assertEquals(display.update([vertex("a", { name: "other" })], 1000), false);
  assertEquals(decoder.decode(display.render(1000)), "");
  assertEquals(
    decoder.decode(display.end(1000)),
    "------\n > step b:\n------\n",
  );
});

Deno.test("plain asks to be rendered from 256 KiB of a step's output on", () => {
  // Time, blank and line end are seven bytes.
  const most = 256 * 1024 - "0.500 \n".length;
  for (const [length, isFull] of [[most - 1, false], [most, true]] as const) {
    const { update } = plain();
    const text = `${"x".repeat(length)}\n`;
    assertEquals(update(1000, vertex("a"), vertex("b")), false);
    assertEquals(update(1000, log("b", text)), isFull);
    assertEquals(update(1000, log("none", text)), false);
    assertEquals(update(1000, warning("w", "a")), false);
    assertEquals(update(1000, warning("w")), false);
    // It is not its turn, but that is too much to wait.
    const other = plain();
    other.update(1000, vertex("a"));
    other.render(1000);
    other.update(1000, vertex("b"), log("b", text));
    assertEquals(other.render(1000).includes("#2 step b"), isFull);
  }
});

Deno.test("plain: the time of a line has fewer digits, the longer a step runs", () => {
  const { update, render } = plain();
  update(1000, vertex("a"));
  const at = (time: number, text: string) => ({ ...log("a", text), time });
  update(
    1000,
    at(1000, "a\n"),
    at(10_999, "b\n"),
    at(11_000, "c\n"),
    at(100_994, "d\n"),
    at(101_000, "e\n"),
    at(1_001_000, "f\n"),
    at(1000, ""),
    at(1000, "g"),
    at(9000, "h\n\ni"),
  );
  assertEquals(
    render(1000),
    [
      "#1 step a",
      "#1 0.000 a",
      "#1 9.999 b",
      "#1 10.00 c",
      "#1 99.99 d",
      "#1 100.0 e",
      "#1 1000.0 f",
      "#1 0.000 gh",
      "#1 8.000 ",
      "#1 8.000 i",
    ].join("\n"),
  );
});

Deno.test("plain counts the engine's warnings at the end, and tells davit's where they come", () => {
  const own = { ...warning("own"), code: "secret-missing" } as BuildEvent;
  for (
    const [warnings, told] of [
      [[], ""],
      [[warning("one")], "\n 1 warning found:\n - one\n"],
      [
        [warning("one"), warning("two")],
        "\n 2 warnings found:\n - one\n - two\n",
      ],
      [[own], "WARN: own\n"],
      [[own, own], "WARN: own\n\nWARN: own\n"],
    ] as const
  ) {
    const { update, end } = plain();
    update(1000, ...warnings);
    assertEquals(end(1000), told);
  }
});

Deno.test("a step's open line is ended before something else is told, and at the end", () => {
  const { update, render, end } = plain();
  update(1000, vertex("a"), log("a", "open"));
  assertEquals(render(1000), "#1 step a\n#1 0.500 open");
  update(1000, vertex("b", { completed: 2000, error: "it broke" }));
  assertEquals(
    render(1000),
    "\n#1 ...\n\n#2 step b\n#2 ERROR: it broke\n\n#1 step a\n",
  );
  update(1500, log("a", " more"));
  assertEquals(
    end(1500),
    "#1 0.500 open more\n------\n > step b:\n------\n",
  );
});

Deno.test("plain: lines of a step that goes on behind its end, and what it said before it had a number", () => {
  const { update, render } = plain();
  update(1000, vertex("a"), log("a", "\nx"), log("a", "\n\n"));
  assertEquals(
    render(1000),
    "#1 step a\n#1 0.500 \n#1 0.500 x\n#1 0.500 \n",
  );
  update(1100, log("a", "open"), vertex("a", { completed: 1100 }));
  assertEquals(render(1100), "#1 0.500 open\n#1 DONE 0.1s\n");
  update(19_990, vertex("b", { started: 19_990 }));
  assertEquals(render(19_990), "\n#2 step b\n");
  // It begins again, when the other one has its turn.
  update(20_000, vertex("a", { started: 20_000 }), log("a", "again\n"));
  assertEquals(render(20_000), "");
  update(20_100, vertex("b", { started: 19_990, completed: 20_100 }));
  assertEquals(
    render(20_100),
    "#2 DONE 0.1s\n\n#1 step a\n#1 -18.500 again\n",
  );
});

Deno.test("plain tells a warning when it is told, and progress without a total now and then", () => {
  const state = new BuildState({ tailBytes: 0 });
  const display = new PlainDisplay(state);
  const render = (now: number) => decoder.decode(display.render(now));
  const status = (time: number): BuildEvent => ({
    type: "status",
    vertex: "a",
    id: "pulling",
    name: "",
    current: time,
    total: undefined,
    time,
    started: 1000,
    completed: undefined,
  });
  const update = (now: number, ...events: BuildEvent[]) => {
    for (const event of events) state.apply(event);
    display.update(events, now);
  };
  state.apply(vertex("a"));
  // The state is ahead.
  state.apply(warning("careful", "a"));
  update(1000, vertex("a"), status(1500));
  assertEquals(render(1000), "#1 step a\n#1 pulling 1.50kB 0.5s\n");
  display.update([warning("careful", "a")], 1100);
  update(1100, status(6499));
  assertEquals(render(1100), "#1 WARN: careful\n");
  update(1200, status(6500));
  assertEquals(render(1200), "#1 pulling 6.50kB 5.5s\n");
});

Deno.test("plain tells progress by a twentieth of it, or after five seconds", () => {
  const { update, render } = plain();
  const status = (current: number, time: number): BuildEvent => ({
    type: "status",
    vertex: "a",
    id: "pulling",
    name: "",
    current,
    total: 100,
    time,
    started: 1000,
    completed: undefined,
  });
  update(1000, vertex("a"), status(1, 1000));
  assertEquals(render(1000), "#1 step a\n#1 pulling 1B / 100B\n");
  for (
    const [current, time, told] of [
      [5, 1100, false],
      [6, 1100, true],
      [10, 6099, false],
      [10, 6100, true],
      [15, 6100, true],
    ] as const
  ) {
    update(1000, status(current, time));
    assertEquals(render(1000) !== "", told, `${current} ${time}`);
  }
});

Deno.test("quiet asks for nothing before the end", () => {
  const quiet = new QuietDisplay();
  assertEquals(
    quiet.update([{ type: "image", id: "i", digest: undefined, names: [] }]),
    false,
  );
  assertEquals(quiet.render().length, 0);
  assertEquals(decoder.decode(quiet.end()), "i\n");
});

Deno.test("rawjson: what is empty is left out, and times are as exact as they are known", () => {
  const empty = {
    start: { line: 0, character: 0 },
    end: { line: 2, character: 1 },
  };
  for (
    const [event, told] of [
      [vertex("", { name: "", started: 1234.5, completed: 2000 }), {
        vertexes: [{
          started: "1970-01-01T00:00:01.2345Z",
          completed: "1970-01-01T00:00:02Z",
        }],
      }],
      [
        vertex("a", {
          inputs: ["b"],
          cached: true,
          error: "e",
          started: undefined,
          group: { id: "", name: "", weak: false },
        }),
        {
          vertexes: [{
            digest: "a",
            inputs: ["b"],
            name: "step a",
            cached: true,
            error: "e",
            progressGroup: {},
          }],
        },
      ],
      [vertex("a", { group: { id: "g", name: "n", weak: true }, started: 0 }), {
        vertexes: [{
          digest: "a",
          name: "step a",
          started: "1970-01-01T00:00:00Z",
          progressGroup: { id: "g", name: "n", weak: true },
        }],
      }],
      // Years that a date can't tell.
      ...[8.64e15 + 1, NaN, Date.UTC(10_000, 0)].map((started) =>
        [vertex("a", { started }), {
          vertexes: [{
            digest: "a",
            name: "step a",
            started: "0001-01-01T00:00:00Z",
          }],
        }] as const
      ),
      [vertex("a", { started: Date.UTC(9999, 11, 31) }), {
        vertexes: [{
          digest: "a",
          name: "step a",
          started: "9999-12-31T00:00:00Z",
        }],
      }],
      [{ ...log("a", "x"), stream: "stderr" } as BuildEvent, {
        logs: [{
          vertex: "a",
          stream: 2,
          data: "eA==",
          timestamp: "1970-01-01T00:00:01.5Z",
        }],
      }],
      [warning("w"), { warnings: [{ level: 1, short: "dw==" }] }],
      [
        {
          ...warning("w", "a"),
          level: 0,
          detail: ["d"],
          url: "u",
          source: { file: "", text: undefined, ranges: [empty] },
        } as BuildEvent,
        {
          warnings: [{
            vertex: "a",
            short: "dw==",
            detail: ["ZA=="],
            url: "u",
            sourceInfo: {},
            range: [{ start: {}, end: { line: 2, character: 1 } }],
          }],
        },
      ],
      [
        {
          ...warning("w"),
          source: { file: "f", text: "", ranges: [] },
        } as BuildEvent,
        {
          warnings: [{
            level: 1,
            short: "dw==",
            sourceInfo: { filename: "f", data: "" },
          }],
        },
      ],
    ] as [BuildEvent, unknown][]
  ) assertEquals(JSON.parse(formatRawJson([event])), told);
  const image: BuildEvent = {
    type: "image",
    id: "",
    digest: undefined,
    names: [],
  };
  assertEquals(formatRawJson([image]), "");
  assertEquals(formatRawJson([]), "");
});

Deno.test("rawjson asks to be rendered from 64 KiB on", () => {
  const base = formatRawJson([vertex("a", { name: "x" })]).length;
  for (const [length, isFull] of [[65_535, false], [65_536, true]] as const) {
    const display = new RawJsonDisplay();
    // A line end behind it.
    const name = "x".repeat(length - base);
    assertEquals(display.update([vertex("a", { name })]), isFull);
    assertEquals(display.render().length, length);
    assertEquals(display.end().length, 0);
  }
});

/** An output, and all that was written to it. */
function output() {
  let text = "";
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void (text += decoder.decode(chunk)),
  });
  return { stream, written: () => text };
}

Deno.test("an open line of the only display ends where a second one joins", async () => {
  const encoder = new TextEncoder();
  for (
    const [text, isFrame, expected] of [
      ["open", false, "open\n"],
      ["whole\n", false, "whole\n"],
      ["", false, ""],
      ["frame", true, "frame"],
    ] as const
  ) {
    const { stream, written } = output();
    const shared = SharedOutput.join(stream);
    await shared.write(encoder.encode(text), isFrame);
    assertEquals([shared.isShared, shared.isFull], [false, false]);
    assertEquals(SharedOutput.join(stream), shared);
    SharedOutput.join(stream);
    assertEquals(shared.isShared, true);
    for (let left = 0; left < 3; left++) {
      assertEquals(stream.locked, true);
      shared.leave();
    }
    assertEquals(stream.locked, false);
    // The next one is alone again.
    const next = SharedOutput.join(stream);
    assertEquals([next === shared, next.isShared], [false, false]);
    next.leave();
    await stream.close();
    assertEquals(written(), expected);
  }
});

Deno.test("an output that failed is not full: the next write tells why", async () => {
  const failure = new Error("broken pipe");
  const stream = new WritableStream<Uint8Array>({
    write() {
      throw failure;
    },
  });
  const shared = SharedOutput.join(stream);
  for (let count = 0; count < 2; count++) {
    const error = await shared.write(new Uint8Array(1), false)
      .catch((error) => error);
    assertEquals([error, shared.isFull], [failure, false]);
  }
  shared.leave();
});

Deno.test("an output that has a chunk to write takes no more just now", async () => {
  const release = Promise.withResolvers<void>();
  const stream = new WritableStream<Uint8Array>({
    write: () => release.promise,
  });
  const shared = SharedOutput.join(stream);
  assertEquals(shared.isFull, false);
  const written = shared.write(new Uint8Array(1), false);
  assertEquals(shared.isFull, true);
  release.resolve();
  await written;
  assertEquals(shared.isFull, false);
  assertEquals(["a", "a", "b", "a"].map((name) => shared.name(name)), [
    "a",
    "a (2)",
    "b",
    "a (3)",
  ]);
  shared.leave();
});

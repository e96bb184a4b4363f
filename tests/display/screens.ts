import { PlainDisplay } from "../../lib/display/plain.ts";
import { formatRawJson } from "../../lib/display/rawjson.ts";
import type { TerminalSize } from "../../lib/display/terminal.ts";
import { TtyDisplay } from "../../lib/display/tty.ts";
import { NodeMark } from "../../lib/imagebuild/nodes/node_record.ts";
import type {
  BuildEvent,
  StatusEvent,
  VertexEvent,
} from "../../lib/progress/event.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import { BuildState, SHOWN as KEPT } from "../../lib/progress/state.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { eventsOfTrace, readAux } from "../progress/traces.ts";
import { Random } from "../support/random.ts";
import { log, vertex, warning } from "./events.ts";

/** Events that come at a moment, by the engine's clock. */
export type Moment = readonly [now: number, events: readonly BuildEvent[]];

/** A build to be shown, and what its screens are recorded as. */
export interface Shown {
  readonly name: string;
  readonly moments: readonly Moment[];
  /** Of so many frames one is recorded. */
  readonly every: number;
}

/** A captured build, each message at its own time. */
function captured(trace: string): Moment[] {
  let time = 0;
  return eventsOfTrace(trace).map((events) => {
    for (const event of events) {
      if (event.type === "vertex") {
        time = Math.max(time, event.started ?? 0, event.completed ?? 0);
      } else if (event.type === "log" || event.type === "status") {
        time = Math.max(time, event.time);
      }
    }
    return [time, events];
  });
}

function status(
  vertex: string,
  id: string,
  fields: Partial<StatusEvent>,
): StatusEvent {
  return {
    type: "status",
    vertex,
    id,
    name: "",
    current: 0,
    total: undefined,
    time: 1000,
    started: 1000,
    completed: undefined,
    ...fields,
  };
}

/** What BuildKit can tell, each thing once, at the bounds that displays know. */
function every(): Moment[] {
  const weak = { id: "g", name: "a group", weak: true };
  const strong = { ...weak, weak: false };
  const size = (current: number, total: number, time: number) =>
    status("b", "layer", { current, total, time });
  const long = `[2/9] RUN ${"a long name ".repeat(9)}`;
  return [
    [1000, [
      vertex("a", { started: undefined }),
      vertex("b", {
        name: "[1/9] FROM image",
      }),
    ]],
    [1000, [size(0, 1000, 1000), log("a", "too early\n")]],
    [1049, [size(49, 1000, 1049)]],
    [1050, [size(50, 1000, 1050)]],
    [1099, [size(99, 1000, 1099)]],
    [6049, [size(99, 1000, 6049)]],
    [6050, [size(99, 1000, 6050)]],
    [6100, [size(1000, 1000, 6100), vertex("a", { name: long })]],
    [6200, [log("a", "one\ntwo"), log("a", " and more")]],
    [6300, [
      { ...size(2000, 1000, 6300), completed: 6300 },
      status("b", "unknown total", { current: 1500, time: 6300 }),
      status("b", "nothing yet", { started: undefined }),
      status("b", "at once", { completed: 1010, time: 1010 }),
      status("b", "soon", { completed: 1011, time: 1011 }),
    ]],
    [6400, [vertex("b", { name: "[1/9] FROM image", completed: 6400 })]],
    [6500, [
      vertex("c", { cached: true, completed: 1000 }),
      vertex("d", { started: 6400, completed: 6500, error: "it broke" }),
      log("d", "last words\n"),
    ]],
    [6600, [
      vertex("e", {
        started: 6500,
        completed: 6600,
        error: "context canceled",
      }),
      warning("a warning of a step", "a"),
      warning("a warning of none"),
      { ...warning("davit's own"), code: "secret-missing" } as BuildEvent,
    ]],
    [6700, [vertex("weak", { started: 6600, group: weak })]],
    [6800, [vertex("strong", { started: 6700, group: strong })]],
    [6900, [vertex("weak", { started: 6600, completed: 6900, group: weak })]],
    [7000, [vertex("strong", {
      started: 6700,
      completed: 7000,
      group: strong,
    })]],
    // Told again, and begun again.
    [7000, [vertex("c", { cached: true, completed: 1000 })]],
    [7100, [vertex("c", { started: 7100 })]],
    [11_000, [log("c", "\r10%\r99%\n\n  \n"), log("a", "\n")]],
    [12_100, [log("c", "x\ty\x1b[31mz\n")]],
    [99_000, [{ ...log("a", "late\n"), time: 99_000 }]],
    [120_000, [{ ...log("a", "later\nopen"), time: 120_000 }]],
    [121_000, [vertex("c", { started: 7100, completed: 121_000 })]],
    [121_000, [vertex("a", { name: long, completed: 121_000 })]],
    [121_500, [vertex("f", { started: 121_400 }), log("f", "never ends")]],
  ];
}

/** Steps side by side that say this and that, as a seed has it. */
function sideBySide(seed: number, count: number): Moment[] {
  const random = new Random(seed);
  const moments: Moment[] = [];
  const running: string[] = [];
  let now = 1000;
  let next = 0;
  for (let at = 0; at < count; at++) {
    now += random.below(random.below(12) === 0 ? 9000 : 400);
    const kind = random.below(10);
    const digest = running[random.below(running.length)];
    if (digest === undefined || kind === 0) {
      running.push(`s${next}`);
      const name = `[${next + 1}/20] RUN step ${"é漢 ".repeat(next % 7)}`;
      moments.push([now, [vertex(`s${next++}`, { name, started: now })]]);
    } else if (kind === 1) {
      running.splice(running.indexOf(digest), 1);
      moments.push([now, [
        vertex(digest, {
          name: `[${Number(digest.slice(1)) + 1}/20] RUN done`,
          started: now - random.below(3000),
          completed: now,
          cached: random.below(4) === 0,
          error: random.below(5) === 0 ? "exit code: 1" : undefined,
        }),
      ]]);
    } else if (kind < 4) {
      moments.push([now, [status(digest, `layer ${random.below(3)}`, {
        current: random.below(5_000_000),
        total: random.below(3) === 0 ? undefined : 5_000_000,
        time: now,
        started: now - random.below(5000),
        completed: random.below(4) === 0 ? now : undefined,
      })]]);
    } else {
      const text = `${digest} says ${at}${"!".repeat(random.below(90))}`;
      const end = ["\n", "\n", "", "\r", "\nmore\n"][random.below(5)]!;
      moments.push([now, [{ ...log(digest, text + end), time: now }]]);
    }
  }
  return moments;
}

/** A captured build as one of two nodes has it, from second 1 on. */
function ofNode(node: string, trace: string): Moment[] {
  const mark = new NodeMark(node);
  const carry = new TextCarry();
  let time = 0;
  let start: number | undefined;
  return readAux(trace).map((aux) => {
    const events = eventsOf(mark.status(decodeTrace(aux)!), carry);
    for (const event of events) {
      if (event.type !== "vertex") continue;
      time = Math.max(time, event.started ?? 0, event.completed ?? 0);
      start ??= event.started;
    }
    const shift = 1000 - (start ?? time);
    const moved = <T extends number | undefined>(at: T) =>
      (at === undefined ? at : at + shift) as T;
    return [
      moved(time),
      events.map((event) =>
        event.type === "log"
          ? { ...event, time: moved(event.time) }
          : event.type === "vertex"
          ? {
            ...event,
            started: moved(event.started),
            completed: moved(event.completed),
          }
          : event.type === "status"
          ? {
            ...event,
            time: moved(event.time),
            started: moved(event.started),
            completed: moved(event.completed),
          }
          : event
      ),
    ] as const;
  });
}

/** Two nodes at once: one of them fails, which cancels what runs on the other. */
function nodes(): Moment[] {
  const arm = ofNode("arm", "28_failing_run");
  const end = arm.at(-1)![0];
  const intel = ofNode("intel", "28_stages").filter(([now]) => now < end);
  const running = new Map<string, VertexEvent>();
  for (const event of intel.flatMap(([, events]) => events)) {
    if (event.type === "vertex") running.set(event.digest, event);
  }
  const cancelled = [...running.values()].filter(({ started, completed }) =>
    started !== undefined && completed === undefined
  ).map((event) => ({ ...event, completed: end, error: "context canceled" }));
  return [
    ...[...arm, ...intel].toSorted(([one], [other]) => one - other),
    [end, cancelled],
  ];
}

/** All builds whose screens are recorded. */
export const SHOWN: readonly Shown[] = [
  { name: "every", moments: every(), every: 1 },
  { name: "side_by_side", moments: sideBySide(7, 160), every: 8 },
  { name: "failing_run", moments: captured("28_failing_run"), every: 2 },
  { name: "warnings", moments: captured("28_warnings"), every: 4 },
  { name: "stages", moments: captured("28_stages"), every: 25 },
  { name: "nodes", moments: nodes(), every: 8 },
  { name: "classic", moments: captured("20_classic_stages"), every: 10 },
];

const SIZES: readonly TerminalSize[] = [
  { columns: 80, rows: 24 },
  { columns: 45, rows: 9 },
  { columns: 24, rows: 3 },
];

const decoder = new TextDecoder();

/** Escapes as they can be read, and told apart from text. */
function readable(bytes: Uint8Array): string {
  return decoder.decode(bytes).replaceAll("\x1b", "␛").replaceAll("\r\n", "\n")
    .replaceAll("\r", "␍").replace(
      / +$/gm,
      (blanks) => "·".repeat(blanks.length),
    );
}

/** What the plain display prints, a part for each moment. */
export function plainOf({ moments }: Shown): string {
  const state = new BuildState({ tailBytes: 0 });
  const display = new PlainDisplay(state);
  let last = 0;
  const parts = moments.map(([now, events]) => {
    last = now;
    for (const event of events) state.apply(event);
    display.update(events, now);
    return readable(display.render(now));
  });
  return [...parts, readable(display.end(last))].join("");
}

/** The frames that are painted, at each size of a terminal, and the end. */
export function framesOf({ moments, every }: Shown): string {
  return SIZES.map((size, at) => {
    const state = new BuildState(KEPT);
    const display = new TtyDisplay({
      state,
      size: () => size,
      color: at === 0,
    });
    let last = 0;
    const frames = moments.flatMap(([now, events], index) => {
      last = now;
      for (const event of events) state.apply(event);
      display.update(events, now);
      return index % every === 0
        ? [`@ ${now}\n${readable(display.render(now))}`]
        : [];
    });
    const end = readable(display.end(last));
    return `${size.columns}x${size.rows}\n${frames.join("\n")}\n@ end\n${end}`;
  }).join("\n\n");
}

/** The lines of JSON. */
export function jsonOf({ moments }: Shown): string {
  return moments.map(([, events]) => `${formatRawJson(events)}\n`).join("");
}

/** Where the screens of a build are recorded. */
export function recordOf(name: string, kind: string): URL {
  return new URL(`screens/${name}.${kind}.txt`, import.meta.url);
}

/** All that is recorded of a build. */
export function screensOf(shown: Shown): [kind: string, text: string][] {
  return [
    ["plain", plainOf(shown)],
    ["tty", framesOf(shown)],
    ["json", jsonOf(shown)],
  ];
}

if (import.meta.main) {
  for (const shown of SHOWN) {
    for (const [kind, text] of screensOf(shown)) {
      await Deno.writeTextFile(recordOf(shown.name, kind), text);
    }
  }
}

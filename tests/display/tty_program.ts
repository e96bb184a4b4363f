/**
 * Shows a build in the terminal that it runs in: a captured one, so many times
 * faster than it was, or `text`, a made one with all that text can hold. With
 * the path of a pause, it waits there in its middle.
 *
 *     deno run -A -c deno.json tests/display/tty_program.ts 28_stages 4 [PAUSE]
 */
import { displayEvents } from "../../lib/display/display_events.ts";
import type { BuildEvent, LogEvent } from "../../lib/progress/event.ts";
import { eventsOfTrace } from "../progress/traces.ts";
import { waitAt } from "./pause.ts";
import { clockOf, replay } from "./replayed.ts";

const [name = "28_stages", speed = "1", pause] = Deno.args;

async function* madeText(): AsyncGenerator<readonly BuildEvent[]> {
  const started = Date.now();
  const vertex = (digest: string, fields: object): BuildEvent => ({
    type: "vertex",
    digest,
    name: digest,
    inputs: [],
    cached: false,
    started,
    completed: undefined,
    error: undefined,
    group: undefined,
    ...fields,
  });
  const log = (text: string): LogEvent => ({
    type: "log",
    vertex: "a",
    stream: "stdout",
    bytes: new TextEncoder().encode(text),
    text,
    time: Date.now(),
  });
  yield [
    vertex("a", {
      name:
        "[1/3] RUN 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    }),
    vertex("b", { name: "[2/3] FROM image" }),
    vertex("c", {
      name: "[3/3] RUN e\u0301te\u0301 \x1b]0;title\x07\x1b[2Jno\ttab",
    }),
    {
      type: "status",
      vertex: "b",
      id: "sha256:0123456789ab",
      name: "downloading",
      current: 5_000_000,
      total: 10_000_000,
      time: started,
      started,
      completed: undefined,
    },
    log("wide 漢字 and 😀 and e\u0301 combined\n"),
    log("\x1b[31mred\x1b[0m \x1b[10;10Hjump \x1b[2Jclear\x07 bell\n"),
    log("10%\r50%\r99%\n"),
    log(`${"long ".repeat(60)}\n`),
    log("tab\there\n"),
  ];
  if (pause !== undefined) await waitAt(pause);
  yield [
    vertex("a", {
      completed: Date.now(),
      error: "it failed",
      name: "[1/3] RUN over",
    }),
  ];
}

const times = Number(speed);
const batches = name === "text" ? [] : eventsOfTrace(name);
const now = name === "text" ? Date.now : clockOf(batches, times);
await displayEvents(
  name === "text" ? madeText() : replay(batches, now, times, pause),
  Deno.stdout,
  { now },
);

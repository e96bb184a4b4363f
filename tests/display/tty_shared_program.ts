/**
 * Shows captured builds at a time in the terminal that it runs in, each by its
 * trace, how many times faster than it was, and the path of the pause where it
 * waits in its middle, if it does:
 *
 *     deno run -A -c deno.json tests/display/tty_shared_program.ts 28_stages:3 28_output:1:PAUSE
 */
import { displayEvents } from "../../lib/display/display_events.ts";
import { eventsOfTrace } from "../progress/traces.ts";
import { clockOf, replay } from "./replayed.ts";

await Promise.all(Deno.args.map((word) => {
  const [name = "", speed = "1", pause] = word.split(":");
  const times = Number(speed);
  const batches = eventsOfTrace(name);
  const now = clockOf(batches, times);
  return displayEvents(
    replay(batches, now, times, pause),
    Deno.stdout,
    { now, name },
  );
}));

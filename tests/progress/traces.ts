import { eventsOf } from "../../lib/progress/status_events.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "./builds.ts";

/** A message as it stands in a trace file. */
export interface TraceLine {
  readonly id?: string;
  readonly aux?: unknown;
  readonly stream?: string;
  readonly error?: string;
}

/** The generations whose traces are here. */
export const TRACE_GENERATIONS = ["20", "28"] as const;

/** The messages of a build, as an engine sent them. */
export function readTrace(name: string): TraceLine[] {
  const url = new URL(`traces/${name}.jsonl`, import.meta.url);
  return Deno.readTextFileSync(url).split("\n").filter((line) =>
    line.trim() !== ""
  ).map((line) => JSON.parse(line));
}

/** The `aux` texts of a build. */
export function readAux(name: string): string[] {
  return readTrace(name).flatMap((line) =>
    line.id === "moby.buildkit.trace" ? [String(line.aux)] : []
  );
}

/** The events of a build, in a batch for each message. */
export function eventsOfTrace(name: string): BuildEvent[][] {
  const carry = new TextCarry();
  let time = 1_700_000_000_000;
  const classic = new ClassicTranslator({ now: () => time += 100 });
  return readTrace(name).map((line) => {
    if (line.id === "moby.buildkit.trace") {
      return eventsOf(decodeTrace(String(line.aux))!, carry);
    }
    const { id: _, ...message } = line;
    return classic.translate(message);
  });
}

/** State of a build at its end. */
export function stateOfTrace(name: string): BuildState {
  const state = new BuildState();
  for (const event of eventsOfTrace(name).flat()) state.apply(event);
  return state;
}

/** The engine's sentence at the end of a build that failed. */
export function errorOfTrace(name: string): string {
  return readTrace(name).at(-1)?.error ?? "";
}

/** Text of the Dockerfile that was built. */
export function dockerfileOf(name: string): string {
  const found = [...SAMPLE_BUILDS, ...CLASSIC_BUILDS].find((build) =>
    build.name === name
  );
  if (found === undefined) throw new TypeError(`no sample build "${name}"`);
  return found.dockerfile;
}

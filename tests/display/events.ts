import type {
  BuildEvent,
  LogEvent,
  VertexEvent,
} from "../../lib/progress/event.ts";

/** A step that began at second 1, and runs unless more is said. */
export function vertex(
  digest: string,
  fields: Partial<VertexEvent> = {},
): VertexEvent {
  return {
    type: "vertex",
    digest,
    name: `step ${digest}`,
    inputs: [],
    cached: false,
    started: 1000,
    completed: undefined,
    error: undefined,
    group: undefined,
    ...fields,
  };
}

/** What a step printed half a second later. */
export function log(digest: string, text: string): LogEvent {
  return {
    type: "log",
    vertex: digest,
    stream: "stdout",
    bytes: new TextEncoder().encode(text),
    text,
    time: 1500,
  };
}

/** A warning of the engine's: of a step, or of none. */
export function warning(short: string, vertex?: string): BuildEvent {
  return {
    type: "warning",
    vertex,
    level: 1,
    short,
    detail: [],
    url: undefined,
    source: undefined,
    code: undefined,
  };
}

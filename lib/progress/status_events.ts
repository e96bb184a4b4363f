import type {
  BuildEvent,
  StatusEvent,
  VertexEvent,
  WarningEvent,
} from "./event.ts";
import { logEventOf, TextCarry } from "./log_event.ts";
import { millisOf, RECORD } from "./record.ts";
import type {
  SolveStatus,
  Timestamp,
  Vertex,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";

function millis(time: Timestamp | undefined): number | undefined {
  return time && millisOf(time);
}

/**
 * The events of a part of BuildKit's log. Steps come first, then progress,
 * warnings and output, so that a step is known before other events name it.
 *
 * @param carry Joins characters that are split between two pieces of output.
 */
export function eventsOf(
  status: SolveStatus,
  carry: TextCarry = new TextCarry(),
): BuildEvent[] {
  const events: BuildEvent[] = [];
  for (const vertex of status.vertexes) events.push(vertexEvent(vertex));
  for (const one of status.statuses) events.push(statusEvent(one));
  for (const warning of status.warnings) events.push(warningEvent(warning));
  for (const log of status.logs) events.push(logEventOf(log, carry));
  return events;
}

/** Makes the event of a step. */
export function vertexEvent(vertex: Vertex): VertexEvent {
  const { group } = vertex;
  return {
    type: "vertex",
    digest: vertex.digest,
    name: vertex.name,
    inputs: vertex.inputs,
    cached: vertex.cached,
    started: millis(vertex.started),
    completed: millis(vertex.completed),
    error: vertex.error || undefined,
    group: group && { id: group.id, name: group.name, weak: group.weak },
    [RECORD]: vertex,
  };
}

/** Makes the event of an action inside a step. */
export function statusEvent(status: VertexStatus): StatusEvent {
  const started = millis(status.started);
  const completed = millis(status.completed);
  return {
    type: "status",
    vertex: status.vertex,
    id: status.id,
    name: status.name,
    current: status.current,
    total: status.total || undefined,
    time: millis(status.timestamp) ?? completed ?? started ?? 0,
    started,
    completed,
    [RECORD]: status,
  };
}

/** Makes the event of an engine's warning. */
export function warningEvent(warning: VertexWarning): WarningEvent {
  const { info, ranges } = warning;
  return {
    type: "warning",
    vertex: warning.vertex || undefined,
    level: warning.level,
    short: decoder.decode(warning.short),
    detail: warning.detail.map((bytes) => decoder.decode(bytes)),
    url: warning.url || undefined,
    source: info && {
      file: info.filename,
      text: info.data.length === 0 ? undefined : decoder.decode(info.data),
      ranges,
    },
    code: undefined,
    [RECORD]: warning,
  };
}

const decoder = new TextDecoder();

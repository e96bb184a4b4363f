import type { Control } from "../buildkit/control.ts";
import type { BuildEvent } from "../progress/event.ts";
import { TextCarry } from "../progress/log_event.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import { eventsOf } from "../progress/status_events.ts";
import { withoutLogins } from "./without_keys.ts";

/**
 * The log of a build as the events that the build itself had. Of one that runs,
 * it is what has happened and then what happens.
 */
export async function* replay(
  control: Control,
  ref: string,
  signal: AbortSignal,
): AsyncGenerator<BuildEvent, void> {
  const carry = new TextCarry();
  for await (const status of control.status(ref, { signal })) {
    if (status !== undefined) yield* eventsOf(shown(status), carry);
  }
}

/** BuildKit has the address of a git repository, as it is, in a step's name. */
function shown(status: SolveStatus): SolveStatus {
  return {
    ...status,
    vertexes: status.vertexes.map((vertex) => ({
      ...vertex,
      name: withoutLogins(vertex.name),
      error: withoutLogins(vertex.error),
    })),
  };
}

import type { StatusEvent, VertexEvent, WarningEvent } from "./event.ts";
import { type Interval, mergeIntervals } from "./intervals.ts";
import { LogTail } from "./log_tail.ts";

/** Whether a step's error says only that the build was stopped. */
export function isCanceled(error: string): boolean {
  return error.endsWith("context canceled");
}

/** How many parts of a step, such as layers, are known; no engine comes near. */
const MAX_STATUSES = 10_000;

/** How many times a step may begin; BuildKit begins one again for each of its inputs. */
const MAX_STARTS = 1000;

/** What was known of a step at one moment; it does not change any more. */
export type VertexMoment = Readonly<
  Pick<VertexState, "name" | "cached" | "error" | "intervals" | "hidden">
>;

/** What is known of one step, or of a group of steps that is shown as one. */
export class VertexState {
  /** Digest of the step, or id of the group. */
  readonly digest: string;
  /** Name for people. */
  name: string;
  /** Digests of the steps that it needs. */
  inputs: readonly string[] = [];
  /** Whether the cache had it; for a group, all of it. */
  cached = false;
  /** The engine's sentence, if it failed or was cancelled. */
  error: string | undefined = undefined;
  /** When it ran, in order; times by the engine's clock. */
  intervals: readonly Interval[] = [];
  /** Progress by id, in order of first sight. */
  readonly statuses: Map<string, StatusEvent> = new Map();
  /** Warnings about this step. */
  readonly warnings: WarningEvent[] = [];
  /** The end of what it printed. */
  readonly tail: LogTail;
  /** Whether nothing is to be shown: a group of which only weak members started. */
  hidden: boolean;
  readonly #starts = new Map<number, Interval>();
  readonly #members: Map<string, VertexEvent> | undefined;

  /** Makes a step, or a group. */
  constructor(
    digest: string,
    name: string,
    options: { readonly tailBytes: number; readonly group: boolean },
  ) {
    this.digest = digest;
    this.name = name;
    this.tail = new LogTail(options.tailBytes);
    this.hidden = options.group;
    this.#members = options.group ? new Map() : undefined;
  }

  /** Whether it ever began. */
  get started(): number | undefined {
    return this.intervals[0]?.start;
  }

  /** When it ended; absent if it never began or runs (again). */
  get completed(): number | undefined {
    return this.intervals.at(-1)?.stop;
  }

  /** When it last began. */
  get resumed(): number | undefined {
    return this.intervals.at(-1)?.start;
  }

  /** Whether it runs now. */
  get running(): boolean {
    const last = this.intervals.at(-1);
    return last !== undefined && last.stop === undefined;
  }

  /** What is known of it now. */
  moment(): VertexMoment {
    const { name, cached, error, intervals, hidden } = this;
    return { name, cached, error, intervals, hidden };
  }

  /** Takes in how far a part of it has come. */
  setStatus(event: StatusEvent): void {
    const full = this.statuses.size >= MAX_STATUSES;
    if (full && !this.statuses.has(event.id)) return;
    this.statuses.set(event.id, event);
  }

  /** Takes in what the engine says of the step, or of one of the group's. */
  update(event: VertexEvent): void {
    const again = event.started !== undefined &&
      (this.#starts.has(event.started) || this.#starts.size < MAX_STARTS);
    if (again) {
      this.#starts.set(event.started!, {
        start: event.started!,
        stop: event.completed,
      });
      this.intervals = mergeIntervals(this.#starts.values());
    }
    if (this.#members !== undefined) return this.#updateGroup(event);
    // The plan of a step may be repeated after its start: that tells nothing.
    if (event.started === undefined && this.started !== undefined) return;
    this.name = event.name;
    this.inputs = event.inputs;
    this.cached = event.cached;
    this.error = event.error;
  }

  #updateGroup(event: VertexEvent): void {
    const members = this.#members!;
    members.set(event.digest, event);
    const all = [...members.values()];
    this.cached = all.every((member) => member.cached);
    this.error = all.find((member) => member.error !== undefined)?.error;
    if (event.started !== undefined && event.group?.weak === false) {
      this.hidden = false;
    }
    if (this.error !== undefined) this.hidden = false;
  }
}

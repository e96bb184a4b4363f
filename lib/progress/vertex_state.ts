import type { StatusEvent, VertexEvent, WarningEvent } from "./event.ts";
import { type Interval, mergeIntervals } from "./intervals.ts";
import { LogTail } from "./log_tail.ts";
import { RECORD } from "./record.ts";

/** Whether a step's error only says that the build was cancelled. */
export function isCanceled(error: string): boolean {
  return error.endsWith("context canceled");
}

/**
 * How many actions of a step, such as pulls of layers, are kept; no engine has
 * that many.
 */
const MAX_STATUSES = 10_000;

/**
 * How many times a step may begin; BuildKit may begin a step once for each of
 * its inputs.
 */
const MAX_STARTS = 1000;

/** The state of a step at one moment; it does not change any more. */
export type VertexMoment = Readonly<
  Pick<VertexState, "name" | "cached" | "error" | "intervals" | "hidden">
>;

/** How what is kept of a build is written anew; see {@linkcode BuildState.rewrite}. */
export interface Rewriting {
  /** What is kept of a text. */
  text(text: string): string;
  /** The same of the engine's own words, whose digests stay. */
  sentence(text: string): string;
  /** The same of output. */
  bytes(bytes: Uint8Array): Uint8Array;
}

/** The state of one step, or of a group of steps that is shown as one. */
export class VertexState {
  /** Digest of the step, or id of the group. */
  readonly digest: string;
  /** Readable name. */
  name: string;
  /**
   * Digests of the steps whose results it needs; for a group, of all that its
   * members need, which may be each other.
   */
  inputs: readonly string[] = [];
  /**
   * Whether its result came from the cache; for a group, whether all results
   * did.
   */
  cached = false;
  /**
   * Whether its result ever came from the cache: engines with the containerd
   * image store begin such a step once more to fetch its layer from a registry,
   * and then say that it is not `cached`.
   */
  fromCache = false;
  /** The engine's error message, if it failed or was cancelled. */
  error: string | undefined = undefined;
  /** The periods in which it ran, in order; by the engine's clock. */
  intervals: readonly Interval[] = [];
  /**
   * The progress of its actions by their ids, in the order in which they first
   * came.
   */
  readonly statuses: Map<string, StatusEvent> = new Map();
  /** Warnings about this step. */
  readonly warnings: WarningEvent[] = [];
  /** The end of its output. */
  readonly tail: LogTail;
  /**
   * Whether it is not shown: true for a group of which only weak members have
   * begun.
   */
  hidden: boolean;
  readonly #starts = new Map<number, Interval>();
  readonly #members: Map<string, VertexEvent> | undefined;

  /** @param digest Digest of the step, or id of the group. */
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

  /** When it first began; undefined if it has not. */
  get started(): number | undefined {
    return this.intervals[0]?.start;
  }

  /** When it ended; undefined if it has not begun, or if it runs (again). */
  get completed(): number | undefined {
    return this.intervals.at(-1)?.stop;
  }

  /** When it last began; undefined if it has not. */
  get resumed(): number | undefined {
    return this.intervals.at(-1)?.start;
  }

  /** Whether it runs now. */
  get running(): boolean {
    const last = this.intervals.at(-1);
    return last !== undefined && last.stop === undefined;
  }

  /** A copy of the current state. */
  moment(): VertexMoment {
    const { name, cached, error, intervals, hidden } = this;
    return { name, cached, error, intervals, hidden };
  }

  /**
   * Writes anew what is kept.
   *
   * @param warnings Those of the build, as they are now, by what they were.
   */
  rewrite(
    to: Rewriting,
    warnings: ReadonlyMap<WarningEvent, WarningEvent>,
  ): void {
    this.name = to.text(this.name);
    this.error = this.error && to.text(this.error);
    for (const [digest, event] of this.#members ?? []) {
      const { [RECORD]: _, ...member } = event;
      this.#members!.set(digest, {
        ...member,
        error: member.error && to.text(member.error),
      });
    }
    for (const [key, status] of [...this.statuses]) {
      const id = to.sentence(key);
      if (id === key) continue;
      const { [RECORD]: _, ...event } = status;
      this.statuses.delete(key);
      this.statuses.set(id, { ...event, id });
    }
    for (const [at, warning] of this.warnings.entries()) {
      this.warnings[at] = warnings.get(warning) ?? warning;
    }
    this.tail.rewrite((bytes) => to.bytes(bytes));
  }

  /** Applies the progress of an action. */
  setStatus(event: StatusEvent): void {
    const full = this.statuses.size >= MAX_STATUSES;
    if (full && !this.statuses.has(event.id)) return;
    this.statuses.set(event.id, event);
  }

  /** Applies an event about the step, or about a member of the group. */
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
    // Engines may repeat the event of a planned step after the step has begun:
    // it is ignored.
    if (event.started === undefined && this.started !== undefined) return;
    this.name = event.name;
    this.inputs = event.inputs;
    this.cached = event.cached;
    this.fromCache ||= event.cached;
    this.error = event.error;
  }

  #updateGroup(event: VertexEvent): void {
    const members = this.#members!;
    members.set(event.digest, event);
    const all = [...members.values()];
    this.inputs = all.flatMap(({ inputs }) => inputs);
    this.cached = all.every((member) => member.cached);
    this.fromCache = this.cached;
    this.error = all.find((member) => member.error !== undefined)?.error;
    if (event.started !== undefined && event.group?.weak === false) {
      this.hidden = false;
    }
    if (this.error !== undefined) this.hidden = false;
  }
}

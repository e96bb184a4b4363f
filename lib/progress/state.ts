import type {
  BuildEvent,
  ContextEvent,
  ImageEvent,
  SecretEvent,
  VertexEvent,
  WarningEvent,
} from "./event.ts";
import { statusEvent, vertexEvent, warningEvent } from "./status_events.ts";
import { totalDuration } from "./intervals.ts";
import { millisOf, RECORD } from "./record.ts";
import type { SolveStatus, Vertex } from "./solve_status.ts";
import { type VertexMoment, VertexState } from "./vertex_state.ts";

/** One step, as the result of the build tells it. Times are milliseconds since the epoch. */
export interface BuildStep {
  /** Identity of the step. */
  readonly digest: string;
  /** Name for people, such as `[2/5] RUN make`. */
  readonly name: string;
  /** Whether the cache had it. */
  readonly cached: boolean;
  /** When it first began. */
  readonly started: number;
  /** When it ended; absent if it never did. */
  readonly completed: number | undefined;
  /** How long it ran, without its pauses; until its last sign of life if it never ended. */
  readonly durationMs: number;
  /** The engine's sentence, if it failed or was cancelled. */
  readonly error: string | undefined;
}

/** How much a {@linkcode BuildState} keeps. */
export interface BuildStateOptions {
  /**
   * How many bytes of each step's output, from the end.
   * @default {32768}
   */
  readonly tailBytes?: number;
  /**
   * How many warnings.
   * @default {1000}
   */
  readonly maxWarnings?: number;
  /**
   * How many steps; what is said of further ones is passed over.
   * @default {10000}
   */
  readonly maxSteps?: number;
  /**
   * Whether the output of a step is kept when it has ended well.
   * @default {true}
   */
  readonly keepDone?: boolean;
}

/** For a state that displays show: as much as they may show of a step, and no more. */
export const SHOWN: BuildStateOptions = {
  tailBytes: 64 * 1024,
  keepDone: false,
};

/**
 * The state of a build, from its events. They may come in any order; what
 * is said of a step that nobody knows is passed over. Of a step's output only
 * the end is kept, so the memory does not grow with the log.
 */
export class BuildState {
  readonly #tailBytes: number;
  readonly #maxWarnings: number;
  readonly #maxSteps: number;
  readonly #keepDone: boolean;
  /** Members of a group stand for the group. */
  readonly #byDigest = new Map<string | undefined, VertexState>();
  readonly #groups = new Map<string, VertexState>();
  readonly #all = new Set<VertexState>();
  readonly #started = new Set<VertexState>();
  readonly #warnings: WarningEvent[] = [];
  readonly #secrets = new Map<
    string,
    Exclude<SecretEvent["state"], "requested">
  >();
  /** By what the engine sent: the event of it is made anew for each reader. */
  readonly #moments = new WeakMap<Vertex | VertexEvent, VertexMoment>();
  #image: ImageEvent | undefined;
  #context: ContextEvent | undefined;
  #time = 0;

  /** Starts with nothing. */
  constructor(options: BuildStateOptions = {}) {
    this.#tailBytes = options.tailBytes ?? 32 * 1024;
    this.#maxWarnings = options.maxWarnings ?? 1000;
    this.#maxSteps = options.maxSteps ?? 10_000;
    this.#keepDone = options.keepDone ?? true;
  }

  /** Steps and groups that began and are to be shown, in order of their first start. */
  get vertices(): Iterable<VertexState> {
    return this.#started;
  }

  /** Warnings of the engine and of davit, in their order. */
  get warnings(): readonly WarningEvent[] {
    return this.#warnings;
  }

  /** The image, once it is made. */
  get image(): ImageEvent | undefined {
    return this.#image;
  }

  /** The last that was said of the context. */
  get context(): ContextEvent | undefined {
    return this.#context;
  }

  /** Ids of secrets with what became of them. */
  get secrets(): ReadonlyMap<
    string,
    Exclude<SecretEvent["state"], "requested">
  > {
    return this.#secrets;
  }

  /** The last moment that the engine told, by its clock, in milliseconds since the epoch; 0 before. */
  get time(): number {
    return this.#time;
  }

  /** The step of a digest, or the group that it belongs to. */
  get(digest: string): VertexState | undefined {
    return this.#byDigest.get(digest);
  }

  /**
   * What was known of a step, or of its group, just behind an event of it: for a
   * reader of the events, who may be far behind the last one. Undefined if the
   * event was passed over.
   */
  momentOf(event: VertexEvent): VertexMoment | undefined {
    return this.#moments.get(event[RECORD] ?? event);
  }

  /** How many steps are known, and how many have completed; hidden ones do not count. */
  count(): { total: number; completed: number } {
    let total = 0;
    let completed = 0;
    for (const vertex of this.#all) {
      if (vertex.hidden) continue;
      total++;
      if (vertex.completed !== undefined) completed++;
    }
    return { total, completed };
  }

  /** Takes in an event; gives the step that it was about, if there is one. */
  apply(event: BuildEvent): VertexState | undefined {
    switch (event.type) {
      case "vertex":
        return this.#applyVertex(event);
      case "log":
        return this.#applyLog(event.vertex, event.time, event.bytes);
      case "status": {
        const vertex = this.#byDigest.get(event.vertex);
        this.#see(event.time);
        vertex?.setStatus(event);
        return vertex;
      }
      case "warning":
        return this.#applyWarning(event);
      case "secret":
        if (event.state !== "requested") {
          this.#secrets.set(event.id, event.state);
        }
        return undefined;
      case "context":
        this.#context = event;
        return undefined;
      case "image":
        this.#image = event;
        return undefined;
    }
  }

  /**
   * Takes in a part of BuildKit's log: as its events one after the other, but
   * none is made of what steps print, which is most of all.
   */
  applyStatus(status: SolveStatus): void {
    for (const vertex of status.vertexes) this.apply(vertexEvent(vertex));
    for (const one of status.statuses) this.apply(statusEvent(one));
    for (const warning of status.warnings) this.apply(warningEvent(warning));
    for (const { vertex, timestamp, data } of status.logs) {
      this.#applyLog(vertex, timestamp ? millisOf(timestamp) : 0, data);
    }
  }

  /** Names of all steps that are known, those that only wait among them. */
  names(): string[] {
    return Array.from(this.#all, ({ name }) => name);
  }

  /** Every step that began, for the result of the build. */
  steps(): BuildStep[] {
    return [...this.#started].map((vertex) => ({
      digest: vertex.digest,
      name: vertex.name,
      cached: vertex.cached,
      started: vertex.started!,
      completed: vertex.completed,
      durationMs: totalDuration(vertex.intervals, this.#time),
      error: vertex.error,
    }));
  }

  #applyLog(
    digest: string,
    time: number,
    bytes: Uint8Array,
  ): VertexState | undefined {
    this.#see(time);
    const vertex = this.#byDigest.get(digest);
    vertex?.tail.push(bytes);
    return vertex;
  }

  #applyVertex(event: VertexEvent): VertexState | undefined {
    this.#see(event.started);
    this.#see(event.completed);
    const full = this.#byDigest.size >= this.#maxSteps;
    if (full && !this.#byDigest.has(event.digest)) return undefined;
    const vertex = event.group === undefined
      ? this.#vertexOf(event)
      : this.#groupOf(event, event.group);
    vertex.update(event);
    if (vertex.started !== undefined && !vertex.hidden) {
      this.#started.add(vertex);
    }
    this.#moments.set(event[RECORD] ?? event, vertex.moment());
    const isDone = vertex.completed !== undefined && vertex.error === undefined;
    if (isDone && !this.#keepDone) vertex.tail.clear();
    return vertex;
  }

  #vertexOf(event: VertexEvent): VertexState {
    return this.#byDigest.get(event.digest) ??
      this.#add(event.digest, event.digest, event.name, false);
  }

  #groupOf(
    event: VertexEvent,
    { id, name }: { readonly id: string; readonly name: string },
  ): VertexState {
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = this.#add(event.digest, id, name, true);
      this.#groups.set(id, group);
    } else {
      const alone = this.#byDigest.get(event.digest);
      // A step that was shown alone, and now is a part of a group.
      if (alone !== undefined && alone !== group) this.#remove(alone);
      this.#byDigest.set(event.digest, group);
    }
    return group;
  }

  #add(key: string, id: string, name: string, group: boolean): VertexState {
    const replaced = this.#byDigest.get(key);
    if (replaced !== undefined) this.#remove(replaced);
    const vertex = new VertexState(id, name, {
      tailBytes: this.#tailBytes,
      group,
    });
    this.#byDigest.set(key, vertex);
    this.#all.add(vertex);
    return vertex;
  }

  #remove(vertex: VertexState): void {
    this.#all.delete(vertex);
    this.#started.delete(vertex);
  }

  #applyWarning(event: WarningEvent): VertexState | undefined {
    if (this.#warnings.length < this.#maxWarnings) this.#warnings.push(event);
    const vertex = this.#byDigest.get(event.vertex);
    if (vertex !== undefined && vertex.warnings.length < this.#maxWarnings) {
      vertex.warnings.push(event);
    }
    return vertex;
  }

  #see(time: number | undefined): void {
    this.#time = Math.max(this.#time, time ?? 0);
  }
}

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
import {
  type Rewriting,
  type VertexMoment,
  VertexState,
} from "./vertex_state.ts";

/**
 * One step in the result of a build. Times are milliseconds since the epoch.
 */
export interface BuildStep {
  /** The step's digest, which identifies it. */
  readonly digest: string;
  /** Readable name, such as `[2/5] RUN make`. */
  readonly name: string;
  /**
   * Whether its result came from the cache; also where its layer was fetched
   * from a registry afterwards.
   */
  readonly cached: boolean;
  /** When it first began. */
  readonly started: number;
  /** When it ended; undefined if it never did. */
  readonly completed: number | undefined;
  /**
   * How long it ran, in milliseconds, pauses not included; if it never ended,
   * until the last time that the engine sent.
   */
  readonly durationMs: number;
  /** The engine's error message, if the step failed or was cancelled. */
  readonly error: string | undefined;
}

/** How much a {@linkcode BuildState} keeps. */
export interface BuildStateOptions {
  /**
   * How many bytes are kept from the end of each step's output.
   * @default {32768}
   */
  readonly tailBytes?: number;
  /**
   * How many warnings are kept.
   * @default {1000}
   */
  readonly maxWarnings?: number;
  /**
   * How many steps are kept; events of further steps are ignored.
   * @default {10000}
   */
  readonly maxSteps?: number;
  /**
   * Whether the output of a step is kept after it has succeeded.
   * @default {true}
   */
  readonly keepDone?: boolean;
}

/**
 * The options for a state that is only shown: it keeps as much of a step as
 * displays can show.
 */
export const SHOWN: BuildStateOptions = {
  tailBytes: 64 * 1024,
  keepDone: false,
};

/**
 * The state of a build, collected from its events. The events may come in any
 * order; events about a step that is not known are ignored. Only the end of a
 * step's output is kept, so the memory does not grow with the log.
 */
export class BuildState {
  readonly #tailBytes: number;
  readonly #maxWarnings: number;
  readonly #maxSteps: number;
  readonly #keepDone: boolean;
  /** The steps by digest; the digest of a group's member leads to the group. */
  readonly #byDigest = new Map<string | undefined, VertexState>();
  readonly #groups = new Map<string, VertexState>();
  readonly #all = new Set<VertexState>();
  readonly #started = new Set<VertexState>();
  readonly #warnings: WarningEvent[] = [];
  readonly #secrets = new Map<
    string,
    Exclude<SecretEvent["state"], "requested">
  >();
  /**
   * The key is the engine's record, because each reader gets an event object of
   * its own.
   */
  readonly #moments = new WeakMap<Vertex | VertexEvent, VertexMoment>();
  #image: ImageEvent | undefined;
  #context: ContextEvent | undefined;
  readonly #contexts = new Map<string, ContextEvent>();
  #time = 0;

  /** @param options How much is kept. */
  constructor(options: BuildStateOptions = {}) {
    this.#tailBytes = options.tailBytes ?? 32 * 1024;
    this.#maxWarnings = options.maxWarnings ?? 1000;
    this.#maxSteps = options.maxSteps ?? 10_000;
    this.#keepDone = options.keepDone ?? true;
  }

  /**
   * The steps and groups that began and are shown, in the order in which they
   * first began.
   */
  get vertices(): Iterable<VertexState> {
    return this.#started;
  }

  /**
   * The warnings of the engine and of davit, in the order in which they came.
   */
  get warnings(): readonly WarningEvent[] {
    return this.#warnings;
  }

  /** The image; undefined until it is made. */
  get image(): ImageEvent | undefined {
    return this.#image;
  }

  /** The last event about each context by name. */
  get contexts(): ReadonlyMap<string, ContextEvent> {
    return this.#contexts;
  }

  /** The last event about the main context. */
  get context(): ContextEvent | undefined {
    return this.#context;
  }

  /** The last state of each secret, by id. */
  get secrets(): ReadonlyMap<
    string,
    Exclude<SecretEvent["state"], "requested">
  > {
    return this.#secrets;
  }

  /**
   * The latest time in the events, by the engine's clock, in milliseconds since
   * the epoch; 0 before the first one.
   */
  get time(): number {
    return this.#time;
  }

  /** The step with a digest, or the group that the step belongs to. */
  get(digest: string): VertexState | undefined {
    return this.#byDigest.get(digest);
  }

  /**
   * The state of a step, or of its group, right after an event about it. It is
   * for readers that are far behind the latest event. Undefined if the event
   * was ignored.
   */
  momentOf(event: VertexEvent): VertexMoment | undefined {
    return this.#moments.get(event[RECORD] ?? event);
  }

  /**
   * How many steps are known, and how many of them have ended; hidden steps do
   * not count.
   */
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

  /**
   * Applies an event.
   *
   * @returns The step that the event is about, if there is one.
   */
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
        if (event.name === undefined) this.#context = event;
        else this.#contexts.set(event.name, event);
        return undefined;
      case "image":
        this.#image = event;
        return undefined;
    }
  }

  /**
   * Applies a part of BuildKit's log. The outcome is that of applying its
   * events one by one, but no event objects are made for output, which is the
   * largest part.
   */
  applyStatus(status: SolveStatus): void {
    for (const vertex of status.vertexes) this.apply(vertexEvent(vertex));
    for (const one of status.statuses) this.apply(statusEvent(one));
    for (const warning of status.warnings) this.apply(warningEvent(warning));
    for (const { vertex, timestamp, data } of status.logs) {
      this.#applyLog(vertex, timestamp ? millisOf(timestamp) : 0, data);
    }
  }

  /**
   * Writes anew all texts that are kept: what must not be seen may become known
   * only after it was told.
   */
  rewrite(to: Rewriting): void {
    const warnings = new Map(
      this.#warnings.map((warning) => [warning, rewritten(warning, to)]),
    );
    for (const [at, warning] of this.#warnings.entries()) {
      this.#warnings[at] = warnings.get(warning)!;
    }
    for (const vertex of this.#all) vertex.rewrite(to, warnings);
  }

  /** The names of all known steps, those that have not begun included. */
  names(): string[] {
    return Array.from(this.#all, ({ name }) => name);
  }

  /** All steps that began, for the result of the build. */
  steps(): BuildStep[] {
    return [...this.#started].map((vertex) => ({
      digest: vertex.digest,
      name: vertex.name,
      cached: vertex.fromCache,
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
      // The step was shown by itself until now; from here on it is part of the
      // group.
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

function rewritten(warning: WarningEvent, to: Rewriting): WarningEvent {
  const { [RECORD]: _, ...event } = warning;
  const { short, detail, url, source } = event;
  return {
    ...event,
    short: event.code === undefined ? to.text(short) : to.sentence(short),
    detail: detail.map((text) => to.text(text)),
    url: url && to.text(url),
    source: source && {
      ...source,
      file: to.text(source.file),
      text: source.text && to.text(source.text),
    },
  };
}

import type { BuildEvent, VertexEvent } from "../progress/event.ts";
import type { BuildState } from "../progress/state.ts";
import { isCanceled, type VertexState } from "../progress/vertex_state.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Display } from "./display.ts";
import { PlainVertex } from "./plain_vertex.ts";
import { nextVertex } from "./plain_turn.ts";

/**
 * A step with more output than this is printed even if it is not its turn. In
 * bytes.
 */
const MAX_WAITING_BYTES = 256 * 1024;

/**
 * Prints a build as text that only grows, as buildx's plain progress does: the
 * steps are numbered and take turns, so that the output of one stays together.
 */
export class PlainDisplay implements Display {
  readonly intervalMs = 100;
  readonly #state: BuildState;
  readonly #vertices = new Map<VertexState, PlainVertex>();
  readonly #updated = new Set<PlainVertex>();
  readonly #out = new ByteBuffer();
  #current: PlainVertex | undefined;
  #index = 0;
  #first = true;

  /**
   * @param state The state of the build; it may be ahead of the events that
   * come here.
   */
  constructor(state: BuildState) {
    this.#state = state;
  }

  update(events: readonly BuildEvent[], now: number): boolean {
    let full = false;
    for (const event of events) full = this.#take(event, now) || full;
    return full;
  }

  render(now: number): Uint8Array {
    this.#printUpdated(now);
    return this.#out.take();
  }

  end(now: number): Uint8Array {
    this.#printUpdated(now);
    // The steps whose turn has not come until the end.
    for (const vertex of [...this.#updated]) {
      if (!vertex.state.hidden) this.#print(vertex);
    }
    this.#current?.endLine(this.#out);
    this.#printFailures();
    this.#printWarnings();
    return this.#out.take();
  }

  #take(event: BuildEvent, now: number): boolean {
    const digest = digestOf(event);
    const state = digest === undefined ? undefined : this.#state.get(digest);
    if (state === undefined) {
      if (event.type === "warning" && event.code !== undefined) {
        this.#printOwnWarning(event.short);
      }
      return false;
    }
    let vertex = this.#vertices.get(state);
    if (vertex === undefined) {
      vertex = new PlainVertex(state);
      this.#vertices.set(state, vertex);
    }
    if (event.type === "vertex") {
      if (!this.#isNews(vertex, event)) return false;
    } else if (event.type === "log") vertex.log(event);
    else if (event.type === "status") vertex.status(event);
    else vertex.warn();
    vertex.touch(now);
    if (event.type !== "warning") this.#updated.add(vertex);
    return vertex.waiting >= MAX_WAITING_BYTES;
  }

  /**
   * Whether a vertex event changes what is shown; engines send many events
   * twice.
   */
  #isNews(vertex: PlainVertex, event: VertexEvent): boolean {
    const moment = this.#state.momentOf(event);
    if (moment === undefined) return false;
    vertex.moment = moment;
    if (event.group === undefined && event.started === undefined) return false;
    const { name, cached, error, intervals } = moment;
    const seen = JSON.stringify([name, cached, error, intervals]);
    if (seen === vertex.seen) return false;
    vertex.seen = seen;
    return true;
  }

  #printUpdated(now: number): void {
    const completed: PlainVertex[] = [];
    const open: PlainVertex[] = [];
    for (const vertex of this.#updated) {
      if (!isShown(vertex)) continue;
      (vertex.completed === undefined ? open : completed).push(vertex);
    }
    const before = this.#current;
    completed.sort((a, b) =>
      Number(b === before) - Number(a === before) ||
      a.completed! - b.completed!
    );
    for (const vertex of completed) this.#print(vertex);
    if (open.length === 0) {
      if (this.#current?.running) return;
      // No step has news: print one that runs, so that the user sees what the
      // build is waiting for.
      for (const vertex of this.#vertices.values()) {
        if (vertex.running && isShown(vertex)) {
          return this.#print(vertex);
        }
      }
      return;
    }
    if (before !== undefined && open.includes(before)) this.#print(before);
    for (const vertex of open) {
      // Too much is waiting: printed even if it is another step's turn.
      if (vertex.waiting >= MAX_WAITING_BYTES) this.#print(vertex);
    }
    const next = nextVertex(open, this.#current, now);
    if (next !== undefined) this.#print(next);
  }

  #print(vertex: PlainVertex): void {
    const out = this.#out;
    if (vertex.index === 0) vertex.number(++this.#index);
    if (vertex !== this.#current) {
      this.#current?.leave(out);
      if (!this.#first) out.newline();
      this.#first = false;
      out.text(`#${vertex.index} ${vertex.moment!.name}\n`);
    }
    const busy = vertex.print(out);
    this.#current = vertex;
    if (vertex.completed !== undefined && !busy) {
      this.#current = undefined;
      vertex.printEnd(out);
    }
    this.#updated.delete(vertex);
  }

  #printFailures(): void {
    for (const state of this.#state.vertices) {
      if (state.error === undefined || isCanceled(state.error)) continue;
      const lines = this.#vertices.get(state)?.lastLines() ?? [];
      this.#out.text(
        ["------", ` > ${state.name}:`, ...lines, "------", ""].join("\n"),
      );
    }
  }

  /**
   * Repeats the warnings at the end, since they are hard to find among the
   * steps.
   */
  #printWarnings(): void {
    const warnings = this.#state.warnings.filter(({ code }) =>
      code === undefined
    );
    if (warnings.length === 0) return;
    const count = warnings.length === 1
      ? "1 warning"
      : `${warnings.length} warnings`;
    this.#out.text(
      ["", ` ${count} found:`, ...warnings.map(({ short }) => ` - ${short}`)]
        .join("\n") + "\n",
    );
  }

  #printOwnWarning(short: string): void {
    this.#current?.leave(this.#out);
    this.#current = undefined;
    if (!this.#first) this.#out.newline();
    this.#first = false;
    this.#out.text(`WARN: ${short}\n`);
  }
}

/** The step that an event is about. */
function digestOf(event: BuildEvent): string | undefined {
  switch (event.type) {
    case "vertex":
      return event.digest;
    case "log":
    case "status":
    case "warning":
      return event.vertex;
  }
}

function isShown({ moment }: PlainVertex): boolean {
  return moment !== undefined && moment.intervals.length > 0 && !moment.hidden;
}

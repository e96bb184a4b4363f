import { createHash } from "node:crypto";
import type { ContextEvent } from "../../progress/event.ts";
import type { SolveStatus } from "../../progress/solve_status.ts";
import type { Fact } from "../fact.ts";
import { BuildRecord } from "../record.ts";

/**
 * The record of what one node does: it goes on into the record of the build,
 * with the node's name at each step. Both mask the same values: an error is made
 * of what is here.
 */
export class NodeRecord extends BuildRecord {
  readonly #whole: BuildRecord;

  /**
   * @param whole The record of the build.
   * @param node The node's name.
   * @param contexts What all nodes together have taken of the contexts.
   */
  constructor(whole: BuildRecord, node: string, contexts: SentContexts) {
    const mark = new NodeMark(node);
    super((fact) => forward(fact, whole, mark, contexts), []);
    this.#whole = whole;
    whole.protectPart(this);
  }

  override ready(): Promise<void> | undefined {
    return this.#whole.ready();
  }

  override text(text: string): string {
    return this.#whole.text(text);
  }
}

/** How much of each context was sent to all nodes together. */
export class SentContexts {
  readonly #sent = new Map<string | undefined, ContextEvent>();

  /** An event about one node, as one about all. */
  add(event: ContextEvent): ContextEvent {
    const before = this.#sent.get(event.name);
    const sum: ContextEvent = before === undefined ? event : {
      ...event,
      // A file that one of them asked for was sent.
      filesReused: Math.min(before.filesReused, event.filesReused),
      bytesSent: before.bytesSent + event.bytesSent,
    };
    this.#sent.set(event.name, sum);
    return sum;
  }
}

function forward(
  fact: Fact,
  whole: BuildRecord,
  mark: NodeMark,
  contexts: SentContexts,
): undefined {
  switch (fact.kind) {
    case "status":
      whole.tellStatus(mark.status(fact.status));
      break;
    case "line":
      whole.tellLine(fact.message);
      break;
    case "own":
      whole.tell(
        fact.event.type === "context" ? contexts.add(fact.event) : fact.event,
      );
      break;
    case "warning": {
      const { code, short } = fact.event;
      whole.warn(code, short, fact.name);
      break;
    }
  }
}

/** Puts the name of a node to its steps. */
export class NodeMark {
  readonly #node: string;
  readonly #digests = new Map<string, string>();

  /** @param node The node's name. */
  constructor(node: string) {
    this.#node = node;
  }

  /** A part of a log, with the node's name in it. */
  status(status: SolveStatus): SolveStatus {
    const { vertexes, statuses, logs, warnings } = status;
    return {
      ...status,
      vertexes: vertexes.map((vertex) => ({
        ...vertex,
        digest: this.#digest(vertex.digest),
        inputs: vertex.inputs.map((digest) => this.#digest(digest)),
        name: this.name(vertex.name),
        group: vertex.group && {
          ...vertex.group,
          id: `${this.#node} ${vertex.group.id}`,
          name: this.name(vertex.group.name),
        },
      })),
      statuses: statuses.map((one) => this.#moved(one)),
      logs: logs.map((log) => this.#moved(log)),
      warnings: warnings.map((warning) => this.#moved(warning)),
    };
  }

  /** The name of a step, as buildx writes names of targets before it. */
  name(name: string): string {
    return name.startsWith("[")
      ? `[${this.#node} ${name.slice(1)}`
      : `[${this.#node}] ${name}`;
  }

  #moved<T extends { readonly vertex: string }>(part: T): T {
    return { ...part, vertex: this.#digest(part.vertex) };
  }

  /**
   * A digest of its own for a step of a node: two nodes may run the same step,
   * and both are shown.
   */
  #digest(digest: string): string {
    if (digest === "") return digest;
    let own = this.#digests.get(digest);
    if (own === undefined) {
      const hash = createHash("sha256").update(`${this.#node}\n${digest}`);
      own = `sha256:${hash.digest("hex")}`;
      this.#digests.set(digest, own);
    }
    return own;
  }
}

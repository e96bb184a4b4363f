import { ProtocolError } from "../errors.ts";
import type { MessageDuplex } from "../streams/duplex.ts";
import { ExportError } from "./export_error.ts";
import type { Exporter, ExportReport } from "./exporter.ts";

/** An output of a build, as far as an export needs it. */
export interface SetOutput {
  /** The type of the engine's exporter. */
  readonly type: string;
  /** Receives the result; undefined where it stays with the engine. */
  readonly exporter?: Exporter;
}

/** A staged result, which `commit()` will move to its destination. */
export interface StagedOutput {
  /** What the output is called in messages, such as `tar "out.tar"`. */
  readonly label: string;
  /** Path of the folder or file. */
  readonly path: string;
}

/** An output that is received here. */
interface Received {
  /** Its index among the outputs, by which the engine names it. */
  readonly id: string;
  readonly label: string;
  readonly exporter: Exporter;
}

/**
 * The exports of one build, which come to their destinations together: all are
 * prepared before anything is sent to the engine, and none is moved to its
 * destination before all are received.
 */
export class ExportSet {
  readonly #outputs: readonly Received[];
  #failure: unknown;
  #failed = false;
  #over = false;

  /** @param outputs All outputs, in the order in which the engine is asked for them. */
  constructor(outputs: readonly SetOutput[]) {
    this.#outputs = outputs.flatMap(({ type, exporter }, index) =>
      exporter === undefined ? [] : [{
        id: String(index),
        label: `${type} ${
          exporter.dest === undefined
            ? "to a stream"
            : JSON.stringify(exporter.dest)
        }`,
        exporter,
      }]
    );
  }

  /**
   * Checks all destinations, and makes what is needed to write there.
   *
   * @throws {ExportError} If nothing can be written at one of them, or one is
   * the same as another or lies in it.
   */
  async prepare(): Promise<void> {
    if (this.#outputs.length > 1) await this.#refuseShared();
    for (const { exporter } of this.#outputs) await exporter.prepare();
  }

  /**
   * Receives one call of the engine until its end.
   *
   * @param ids What the engine names the output by: its index in the list of
   * outputs. Engines before 26 have one output, and do not name it.
   * @param open Gives the messages in the form in which this output comes.
   * @throws {ExportError} If the result can't be written.
   * @throws {ProtocolError} If the engine violates the protocol, or means none
   * of these outputs.
   */
  async receive(
    ids: readonly string[],
    open: (wire: Exporter["wire"]) => MessageDuplex | Promise<MessageDuplex>,
  ): Promise<void> {
    try {
      const exporter = this.#find(ids);
      await exporter.receive(await open(exporter.wire));
    } catch (error) {
      // From here on nothing is exported, even if the engine goes on.
      if (!this.#failed) this.#failure = error;
      this.#failed = true;
      throw error;
    }
  }

  /**
   * The results that can be checked before `commit()`.
   *
   * @throws {ProtocolError} If the engine has not sent everything.
   */
  async staged(): Promise<readonly StagedOutput[]> {
    await this.#allReceived();
    const staged: StagedOutput[] = [];
    for (const { label, exporter } of this.#outputs) {
      if (!exporter.canStage) continue;
      staged.push({ label, path: await exporter.staged() });
    }
    return staged;
  }

  /**
   * Moves everything to its destination; streams are closed last, when all else
   * is in its place.
   *
   * @param built What the engine has made of the build already, for the error.
   * @returns The reports, in the order of the outputs.
   * @throws {ExportError} If one can't be moved there. The error says which of
   * several are in their places and which are not.
   * @throws {ProtocolError} If the engine has not sent everything: then nothing
   * was moved.
   */
  async commit(
    built: readonly string[] = [],
  ): Promise<readonly ExportReport[]> {
    await this.#allReceived();
    this.#over = true;
    const inOrder = [
      ...this.#outputs.filter(({ exporter }) => exporter.canStage),
      ...this.#outputs.filter(({ exporter }) => !exporter.canStage),
    ];
    const reports = new Map<Received, ExportReport>();
    for (const output of inOrder) {
      try {
        reports.set(output, await output.exporter.commit());
      } catch (error) {
        const others = inOrder.filter((other) => other !== output);
        throw partial(error, {
          there: [
            ...built,
            ...others.filter((other) => reports.has(other)).map(labelOf),
          ],
          missing: others.filter((other) => !reports.has(other)).map(labelOf),
        });
      }
    }
    return this.#outputs.map((output) => reports.get(output)!);
  }

  /** Removes everything that was written and is not in its place. */
  async discard(reason?: unknown): Promise<void> {
    this.#over = true;
    let failure: unknown;
    // The last one first: a folder that one has made may hold another.
    for (const { exporter } of this.#outputs.toReversed()) {
      try {
        await exporter.discard(reason);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  #find(ids: readonly string[]): Exporter {
    const [id, ...more] = ids;
    const [first, ...others] = this.#outputs;
    const found = id === undefined
      ? others.length === 0 ? first : undefined
      : more.length === 0
      ? this.#outputs.find((output) => output.id === id)
      : undefined;
    if (found === undefined) {
      throw new ProtocolError(
        `The engine sent a result for ${
          id === undefined
            ? "an output that it does not name"
            : `output ${ids.map((each) => JSON.stringify(each)).join(" and ")}`
        }, of which nothing is received here`,
      );
    }
    if (this.#over) {
      throw new ProtocolError(
        "The engine sent a result when the build was over",
      );
    }
    return found.exporter;
  }

  async #allReceived(): Promise<void> {
    if (this.#failed) throw this.#failure;
    for (const { label, exporter } of this.#outputs) {
      try {
        await exporter.received();
      } catch (cause) {
        if (this.#outputs.length === 1 || !(cause instanceof Error)) {
          throw cause;
        }
        throw new ProtocolError(
          `${cause.message}; what is missing is the output ${label}, and nothing was exported`,
          { cause },
        );
      }
    }
  }

  async #refuseShared(): Promise<void> {
    const places: [label: string, place: string | WritableStream][] = [];
    for (const { label, exporter } of this.#outputs) {
      const place = await exporter.place();
      for (const [other, taken] of places) {
        if (place === taken) {
          throw new ExportError(
            `Cannot export to ${other} and ${label}: both go to the same place`,
          );
        }
        if (typeof place !== "string" || typeof taken !== "string") continue;
        const [inner, outer] = isBelow(place, taken)
          ? [label, other]
          : isBelow(taken, place)
          ? [other, label]
          : [];
        if (inner === undefined) continue;
        throw new ExportError(
          `Cannot export to ${other} and ${label}: ${inner} would lie in ${outer}`,
        );
      }
      places.push([label, place]);
    }
  }
}

function labelOf({ label }: Received): string {
  return label;
}

/** Whether a path lies below a folder; both with links resolved. */
function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The error of one output, with what became of the others. */
function partial(
  error: unknown,
  { there, missing }: {
    there: readonly string[];
    missing: readonly string[];
  },
): unknown {
  if (there.length === 0 && missing.length === 0) return error;
  const parts = [
    ...(there.length === 0 ? [] : [`already in place: ${there.join(", ")}`]),
    ...(missing.length === 0 ? [] : [`not exported: ${missing.join(", ")}`]),
  ];
  const { message } = error as Error;
  return new ExportError(`${message}; ${parts.join("; ")}`, {
    cause: error,
    moved: error instanceof ExportError ? error.moved : [],
  });
}

import { answerText } from "../engine/answer_text.ts";
import type { Engine } from "../engine/engine.ts";

/** How the classic builder names a step's container in its log. */
const RUNNING_REGEXP = /Running in ([0-9a-f]{12})/g;

/** Length of such a text in bytes. */
const RUNNING_LENGTH = "Running in ".length + 12;

/** How many containers are remembered: the newest ones. */
const MAX_CONTAINERS = 64;

/** How long an engine may take to answer about a container, in milliseconds. */
const ANSWER_MS = 5000;

/**
 * The containers in which the steps of one build of the classic builder run, as
 * its log names them. A step could print such names itself; therefore a
 * container is only asked about, and never stopped.
 */
export class StepContainers {
  readonly #ids = new Set<string>();
  readonly #decoder = new TextDecoder("latin1");
  #tail = "";

  /** Reads the next bytes of the engine's answer. */
  push(bytes: Uint8Array): void {
    const text = this.#tail + this.#decoder.decode(bytes);
    for (const [, id = ""] of text.matchAll(RUNNING_REGEXP)) {
      this.#ids.delete(id);
      this.#ids.add(id);
      const [oldest = ""] = this.#ids;
      if (this.#ids.size > MAX_CONTAINERS) this.#ids.delete(oldest);
    }
    this.#tail = text.slice(-RUNNING_LENGTH);
  }

  /**
   * Whether one of the containers is still running.
   *
   * Without an answer of the engine, none counts as running.
   */
  async run(engine: Engine): Promise<boolean> {
    for (const id of this.#ids) {
      if (await runs(engine, id)) return true;
      this.#ids.delete(id);
    }
    return false;
  }
}

async function runs(engine: Engine, id: string): Promise<boolean> {
  try {
    const response = await engine.transport.fetch(`/containers/${id}/json`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await answerText(response, "The answer");
    return response.ok && JSON.parse(text)?.State?.Running === true;
  } catch {
    return false; // what is not told can't be waited for
  }
}

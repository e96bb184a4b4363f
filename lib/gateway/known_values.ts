import { BuildMask } from "../build/mask.ts";
import {
  createRedactor,
  createRedactorInSlices,
  type Redactor,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { orAborted } from "./aborted.ts";
import { Refusal } from "./refusal.ts";

/** How many bytes of builds that nobody can have shared a step with stay masked. */
const PAST_BYTES = 32 * 1024;

const encoder = new TextEncoder();

/** One value that is masked, whoever gave it. */
interface Value {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Running builds that gave it. */
  owners: number;
  /** When the last of them ended. */
  ended: number;
  /** Whether the redactor in use has it. */
  compiled: boolean;
}

/** One build that runs. */
export interface KnownBuild extends Disposable {
  /** Masks its answer: the values of all builds, also those that begin later. */
  readonly mask: BuildMask;
  /** Whether a text holds a value that this build itself gave. */
  holds(text: string): boolean;
}

/**
 * The secrets and logins of all builds that run, for the answers of all.
 *
 * An engine runs a step once that two builds have in common, with the secret of
 * one, and prints what it prints to both. So each answer is masked with the
 * values of every build that ran beside it, and for a while with those of builds
 * before, whose steps may go on with another client.
 *
 * There is one redactor. It is compiled anew when a value is new, in slices, and
 * never twice at a time: what a client sends holds up no other client's answers.
 */
export class KnownValues {
  readonly #maxBytes: number;
  readonly #values = new Map<string, Value>();
  /** Running builds by the time at which they began, the oldest first. */
  readonly #builds = new Map<BuildMask, number>();
  #redactor: Redactor = createRedactor([]);
  /** The values of the redactor, by their index. */
  #indexed: readonly Value[] = [];
  #compiling: Promise<void> | undefined;
  #time = 0;

  /** @param maxBytes Bytes of the values of builds that run, in sum. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes in the values of a build that begins; settles when all answers are
   * masked with them.
   *
   * @throws {Refusal} If there are too many already, with status 503.
   */
  async begin(
    secrets: readonly Secret[],
    signal: AbortSignal,
  ): Promise<KnownBuild> {
    const mask = new BuildMask();
    mask.use(this.#redactor);
    const own = new Set(this.#add(secrets.map((secret) => secret.reveal())));
    this.#builds.set(mask, this.#time++);
    const build: KnownBuild = {
      mask,
      holds: (text) => this.#holds(text, own),
      [Symbol.dispose]: () => this.#end(mask, own),
    };
    try {
      while (!own.values().every(({ compiled }) => compiled)) {
        this.#compiling ??= this.#compile().finally(() =>
          this.#compiling = undefined
        );
        await orAborted(this.#compiling, signal);
      }
      return build;
    } catch (error) {
      build[Symbol.dispose]();
      throw error;
    }
  }

  #add(given: readonly Uint8Array[]): Value[] {
    const keys = new Map(
      given.map((bytes) => [new TextDecoder("latin1").decode(bytes), bytes]),
    );
    let sum = 0;
    for (const { key, bytes } of this.#values.values().filter(this.#isNear)) {
      if (!keys.has(key)) sum += bytes.length;
    }
    for (const bytes of keys.values()) sum += bytes.length;
    if (keys.size > 0 && sum > this.#maxBytes) {
      throw new Refusal(
        503,
        `davit gateway: the builds that run have secrets of ${this.#maxBytes} bytes in sum, and more are not masked: try again when some have ended`,
        [["Retry-After", "5"]],
      );
    }
    return Array.from(keys, ([key, bytes]) => {
      let value = this.#values.get(key);
      if (value === undefined) {
        value = { key, bytes, owners: 0, ended: 0, compiled: false };
        this.#values.set(key, value);
      }
      value.owners++;
      return value;
    });
  }

  #end(mask: BuildMask, own: ReadonlySet<Value>): void {
    if (!this.#builds.delete(mask)) return;
    for (const value of own) {
      if (--value.owners === 0) value.ended = this.#time++;
    }
    if (this.#builds.size > 0) return;
    this.#values.clear();
    this.#redactor = createRedactor([]);
    this.#indexed = [];
  }

  /** Whether a running build may share a step with one that gave this value. */
  readonly #isNear = ({ owners, ended }: Value): boolean => {
    const [oldest = Infinity] = this.#builds.values();
    return owners > 0 || oldest < ended;
  };

  async #compile(): Promise<void> {
    this.#forget();
    const values = [...this.#values.values()];
    const redactor = await createRedactorInSlices(
      values.map(({ bytes }) => bytes),
    );
    if (this.#builds.size === 0) return; // all of it is over
    this.#redactor = redactor;
    this.#indexed = values;
    for (const value of values) value.compiled = true;
    for (const mask of this.#builds.keys()) mask.use(redactor);
  }

  /**
   * Drops values of builds that are over. One may still be printed by a step
   * that went from client to client: of those the newest are kept.
   */
  #forget(): void {
    let room = PAST_BYTES;
    const past = [...this.#values.values()].filter((value) =>
      !this.#isNear(value)
    );
    for (const { key, bytes } of past.sort((a, b) => b.ended - a.ended)) {
      room -= bytes.length;
      if (room < 0) this.#values.delete(key);
    }
  }

  #holds(text: string, own: ReadonlySet<Value>): boolean {
    let found = false;
    this.#redactor.matcher().scan(
      encoder.encode(text),
      ({ pattern, weak }) => {
        found ||= !weak && own.has(this.#indexed[pattern.value]!);
      },
    );
    return found;
  }
}

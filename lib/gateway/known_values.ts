import { BuildMask } from "../build/mask.ts";
import type { TextMask } from "../masks/mask_fields.ts";
import {
  createRedactor,
  createRedactorInSlices,
  type Redactor,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { orAborted } from "./aborted.ts";
import { Refusal } from "./refusal.ts";

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
 * Each answer is masked with the values of every build that ran beside it.
 * Where clients share steps, that is not enough: a step runs on with the secret
 * of a build that has ended, and is handed from client to client. A value is
 * masked then as long as any build runs that overlaps with its own, over
 * however many others; when there are too many values, builds are refused, and
 * none is forgotten.
 *
 * There is one redactor. It is compiled anew when a value is new, in slices, and
 * never twice at a time: what a client sends holds up no other client's answers.
 */
export class KnownValues {
  readonly #maxBytes: number;
  readonly #shareSteps: boolean;
  readonly #values = new Map<string, Value>();
  /** Running builds by the time at which they began, the oldest first. */
  readonly #builds = new Map<BuildMask, number>();
  #redactor: Redactor = createRedactor([]);
  /** The values of the redactor, by their index. */
  #indexed: readonly Value[] = [];
  #compiling: Promise<void> | undefined;
  #time = 0;

  /**
   * @param maxBytes Bytes of the values that are masked, in sum.
   * @param shareSteps Whether a step of one build may run on with the next.
   */
  constructor(maxBytes: number, shareSteps: boolean) {
    this.#maxBytes = maxBytes;
    this.#shareSteps = shareSteps;
  }

  /** Whether there is nothing to mask now. */
  get empty(): boolean {
    return this.#redactor.empty;
  }

  /** Masks what is no build's answer, with all that is known at that moment. */
  readonly mask: TextMask = {
    text: (text) => this.#redactor.text(text),
    bytes: (bytes) => this.#redactor.bytes(bytes),
  };

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
    for (const { key, bytes } of this.#values.values().filter(this.#isDue)) {
      if (!keys.has(key)) sum += bytes.length;
    }
    for (const bytes of keys.values()) sum += bytes.length;
    if (keys.size > 0 && sum > this.#maxBytes) {
      throw new Refusal(
        503,
        `davit gateway: more than ${this.#maxBytes} bytes of secrets in sum would have to be masked for the builds that run: try again when some have ended`,
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

  /**
   * Whether a running build may be shown this value: by a build that ran beside
   * it or, where steps are shared, beside one that did, and so on. All builds
   * since the last moment at which none ran hang together in that way.
   */
  readonly #isDue = ({ owners, ended }: Value): boolean => {
    const [oldest = Infinity] = this.#builds.values();
    return this.#shareSteps || owners > 0 || oldest < ended;
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

  /** Drops the values that no running build can be shown any more. */
  #forget(): void {
    for (const value of this.#values.values()) {
      if (!this.#isDue(value)) this.#values.delete(value.key);
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

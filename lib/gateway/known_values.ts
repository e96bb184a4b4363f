import { BuildMask } from "../build/mask.ts";
import type { TextMask } from "../masks/mask_fields.ts";
import {
  combineRedactors,
  createRedactor,
  type Match,
  type Redactor,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { orAborted } from "./aborted.ts";
import { Refusal } from "./refusal.ts";
import { CompileLane, ValueGroup } from "./value_group.ts";

const encoder = new TextEncoder();

/** One value that is masked, whoever gave it. */
interface Value {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Running builds that gave it. */
  owners: number;
  /** When the last of them ended. */
  ended: number;
  /** Those that it is compiled with, and its place among them. */
  readonly group: ValueGroup;
  readonly index: number;
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
 * What a build brings is compiled once, by itself and in slices; what is there
 * already is not compiled again, and what nobody waits for any more, not at all.
 * So what a client sends holds up no other client's answers.
 */
export class KnownValues {
  readonly #maxBytes: number;
  readonly #shareSteps: boolean;
  readonly #values = new Map<string, Value>();
  /** Running builds by the time at which they began, the oldest first. */
  readonly #builds = new Map<BuildMask, number>();
  #redactor: Redactor = createRedactor([]);
  /** What the redactor was made of. */
  #groups: ReadonlySet<ValueGroup> = new Set();
  readonly #lane = new CompileLane();
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
      const groups = new Set(own.values().map(({ group }) => group));
      const compiling = [...groups].map((group) => group.compile(this.#lane));
      await orAborted(Promise.all(compiling), signal);
      this.#renew();
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
    const held = new Set<ValueGroup>();
    for (const value of this.#values.values()) {
      if (this.#isDue(value) || keys.has(value.key)) held.add(value.group);
    }
    const isNew = (key: string) => !this.#values.has(key);
    let sum = 0;
    for (const { byteLength } of held) sum += byteLength;
    for (const [key, bytes] of keys) if (isNew(key)) sum += bytes.length;
    if (keys.size > 0 && sum > this.#maxBytes) {
      throw new Refusal(
        503,
        `davit gateway: more than ${this.#maxBytes} bytes of secrets in sum would have to be masked for the builds that run: try again when some have ended`,
        [["Retry-After", "5"]],
      );
    }
    const fresh = [...keys].filter(([key]) => isNew(key));
    const added: Value[] = [];
    const group = new ValueGroup(fresh.map(([, bytes]) => bytes));
    for (const [index, [key, bytes]] of fresh.entries()) {
      added.push({ key, bytes, owners: 0, ended: 0, group, index });
      this.#values.set(key, added.at(-1)!);
    }
    return [...keys.keys()].map((key) => {
      const value = this.#values.get(key)!;
      value.owners++;
      return value;
    });
  }

  #end(mask: BuildMask, own: ReadonlySet<Value>): void {
    if (!this.#builds.delete(mask)) return;
    for (const value of own) {
      if (--value.owners > 0) continue;
      value.ended = this.#time++;
      // No step ran with it yet.
      if (value.group.redactor === undefined) this.#values.delete(value.key);
    }
    const waited = new Set(this.#values.values().map(({ group }) => group));
    for (const { group } of own) if (!waited.has(group)) group.giveUp();
    if (this.#builds.size === 0) this.#values.clear();
    this.#renew();
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

  /** Masks with what is compiled and not forgotten from now on. */
  #renew(): void {
    this.#forget();
    const groups = new Set<ValueGroup>();
    for (const { group } of this.#values.values()) {
      if (group.redactor !== undefined) groups.add(group);
    }
    if (groups.symmetricDifference(this.#groups).size === 0) return;
    this.#groups = groups;
    this.#redactor = combineRedactors(
      [...groups].map((group) => group.redactor!),
    );
    for (const mask of this.#builds.keys()) mask.use(this.#redactor);
  }

  /** Drops the values that no running build can be shown any more. */
  #forget(): void {
    for (const value of this.#values.values()) {
      if (!this.#isDue(value)) this.#values.delete(value.key);
    }
  }

  #holds(text: string, own: ReadonlySet<Value>): boolean {
    const bytes = encoder.encode(text);
    const owned = Map.groupBy(own, ({ group }) => group);
    return owned.entries().some(([group, values]) => {
      const indexes = new Set(values.map(({ index }) => index));
      let found = false;
      const matcher = group.redactor!.matcher();
      const see = ({ pattern, weak }: Match) => {
        found ||= !weak && indexes.has(pattern.value);
      };
      matcher.scan(bytes, see);
      matcher.finishScan(see);
      return found;
    });
  }
}

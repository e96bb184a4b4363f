import { BuildMask } from "../imagebuild/mask.ts";
import type { TextMask } from "../masks/mask_fields.ts";
import {
  combineRedactors,
  createRedactor,
  type Match,
  type Redactor,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { abortable } from "../engine/abortable.ts";
import { Refusal } from "./refusal.ts";
import { CompileLane, ValueGroup } from "./value_group.ts";

const encoder = new TextEncoder();

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
 * What a step prints comes in slices, and what may be the beginning of a value
 * waits for the next slice. That wait can be seen: whoever prints guesses would
 * find another's secret character by character. So a slice waits for the sake of
 * the build's own values alone; another's are masked where they are whole in a
 * slice. Only where steps are shared, and can print another's secret, it waits
 * for all.
 *
 * What a build brings is compiled once, by itself and in slices; what is there
 * already is not compiled again, and what nobody waits for any more, not at all.
 * So what a client sends holds up no other client's answers.
 */
export class KnownValues {
  readonly #maxBytes: number;
  readonly #shareSteps: boolean;
  readonly #groups = new Set<ValueGroup>();
  /** Running builds in the order in which they began. */
  readonly #builds = new Map<BuildMask, RunningBuild>();
  #redactor: Redactor = createRedactor([]);
  /** What the redactor was made of. */
  #masked: ReadonlySet<ValueGroup> = new Set();
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
    const groups = this.#take(secrets.map((secret) => secret.reveal()));
    const mask = new BuildMask();
    const running = { began: this.#time++, groups, own: createRedactor([]) };
    this.#builds.set(mask, running);
    this.#use(mask, running);
    const end = () => this.#end(mask, groups);
    try {
      const compiling = groups.map((group) => group.compile(this.#lane));
      await abortable(Promise.all(compiling), signal);
    } catch (error) {
      end();
      throw error;
    }
    running.own = combineRedactors(groups.map((group) => group.redactor!));
    this.#use(mask, running);
    this.#renew();
    return {
      mask,
      holds: (text) => isIn(running.own, text),
      [Symbol.dispose]: end,
    };
  }

  /**
   * Groups that together are these values and no other: those that are there and
   * have no value of another's, and new ones of the rest.
   */
  #take(given: readonly Uint8Array[]): ValueGroup[] {
    const rest = new Map(
      given.map((bytes) => [new TextDecoder("latin1").decode(bytes), bytes]),
    );
    const own = [...this.#groups].filter((group) =>
      group.values.keys().every((key) => rest.has(key))
    );
    const others = [...this.#groups].filter((group) => !own.includes(group));
    for (const { values } of own) {
      for (const key of values.keys()) rest.delete(key);
    }
    // What others have, too, is likely to come again, by itself.
    const [seen, fresh] = partition(
      rest,
      (key) => others.some(({ values }) => values.has(key)),
    );
    for (const values of [seen, fresh]) {
      if (values.size > 0) own.push(new ValueGroup(values));
    }
    let sum = 0;
    for (const group of [...own, ...others.filter(this.#isDue)]) {
      sum += group.byteLength;
    }
    if (own.length > 0 && sum > this.#maxBytes) {
      throw new Refusal(
        503,
        `davit gateway: more than ${this.#maxBytes} bytes of secrets in sum would have to be masked for the builds that run: try again when some have ended`,
        [["Retry-After", "5"]],
      );
    }
    for (const group of own) {
      group.owners++;
      this.#groups.add(group);
    }
    return own;
  }

  #end(mask: BuildMask, groups: readonly ValueGroup[]): void {
    if (!this.#builds.delete(mask)) return;
    for (const group of groups) {
      if (--group.owners > 0) continue;
      group.ended = this.#time++;
      if (group.redactor !== undefined) continue;
      // No step ran with it yet, and nobody waits for it.
      this.#groups.delete(group);
      group.giveUp();
    }
    if (this.#builds.size === 0) this.#groups.clear();
    this.#renew();
  }

  /**
   * Whether a running build may be shown these values: by a build that ran beside
   * it or, where steps are shared, beside one that did, and so on. All builds
   * since the last moment at which none ran hang together in that way.
   */
  readonly #isDue = ({ owners, ended }: ValueGroup): boolean => {
    const [oldest] = this.#builds.values();
    return this.#shareSteps || owners > 0 ||
      (oldest?.began ?? Infinity) < ended;
  };

  /** Masks with what is compiled and not forgotten from now on. */
  #renew(): void {
    for (const group of this.#groups) {
      // No running build can be shown it any more.
      if (!this.#isDue(group)) this.#groups.delete(group);
    }
    const masked = new Set(
      this.#groups.values().filter(({ redactor }) => redactor !== undefined),
    );
    if (masked.symmetricDifference(this.#masked).size === 0) return;
    this.#masked = masked;
    this.#redactor = combineRedactors(
      [...masked].map((group) => group.redactor!),
    );
    for (const [mask, running] of this.#builds) this.#use(mask, running);
  }

  #use(mask: BuildMask, { groups, own }: RunningBuild): void {
    const waitsForAll = this.#shareSteps ||
      this.#masked.values().every((group) => groups.includes(group));
    mask.use(this.#redactor, waitsForAll ? this.#redactor : own);
  }
}

/** What is kept of a build that runs. */
interface RunningBuild {
  readonly began: number;
  readonly groups: readonly ValueGroup[];
  /** Of its own values; empty until they are compiled. */
  own: Redactor;
}

/** Whether one of a redactor's values stands in a text, and no mere part of one. */
function isIn(redactor: Redactor, text: string): boolean {
  let found = false;
  const matcher = redactor.matcher();
  const see = ({ weak }: Match) => void (found ||= !weak);
  matcher.scan(encoder.encode(text), see);
  matcher.finishScan(see);
  return found;
}

function partition<K, V>(
  map: ReadonlyMap<K, V>,
  isFirst: (key: K) => boolean,
): [Map<K, V>, Map<K, V>] {
  const parts: [Map<K, V>, Map<K, V>] = [new Map(), new Map()];
  for (const [key, value] of map) parts[isFirst(key) ? 0 : 1].set(key, value);
  return parts;
}

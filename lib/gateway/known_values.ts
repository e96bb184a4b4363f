// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { BuildMask } from "../imagebuild/mask.ts";
import type { TextMask } from "../masks/mask_fields.ts";
import {
  combineRedactors,
  createRedactor,
  type Match,
  type Redactor,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { Refusal } from "./refusal.ts";
import { CompileLane, ValueGroup } from "./value_group.ts";

const encoder = new TextEncoder();

/** A running build. */
export interface KnownBuild extends Disposable {
  /** Masks its answer: the values of all builds, also those that begin later. */
  readonly mask: BuildMask;
  /** Whether a text holds a value that this build itself gave. */
  holds(text: string): boolean;
}

/**
 * The secrets and logins of all running builds: they are masked in every
 * answer.
 *
 * Each answer is masked with the values of every build that ran at the same
 * time. Where clients share steps that is not enough: a step can go on, with
 * the secret of a build that has ended, for the sake of another client. A value
 * is then masked for as long as there is a chain of overlapping builds back to
 * its own; when there would be too many values, new builds are refused, and no
 * value is dropped early.
 *
 * The output of a step comes in slices, and a slice whose end may be the
 * beginning of a value is held back until the next one. A client could observe
 * that delay, and by printing guesses find another client's secret character by
 * character. Therefore a slice is held back only for the build's own values;
 * those of others are masked where a slice holds them whole. Only where steps
 * are shared, so that a step can print another's secret, slices are held back
 * for all values.
 *
 * The values of a build are compiled once, in slices of time; a group that is
 * already compiled is used again, and one that nobody waits for is not
 * compiled. So one client's values do not delay the answers of others.
 */
export class KnownValues {
  readonly #maxBytes: number;
  readonly #shareSteps: boolean;
  readonly #groups = new Set<ValueGroup>();
  /** The running builds, in the order of their start. */
  readonly #builds = new Map<BuildMask, RunningBuild>();
  #redactor: Redactor = createRedactor([]);
  /** The groups from which the redactor was made. */
  #masked: ReadonlySet<ValueGroup> = new Set();
  readonly #lane = new CompileLane();
  #time = 0;

  /**
   * @param maxBytes Most bytes of all masked values together.
   * @param shareSteps Whether a step may be shared by several builds.
   */
  constructor(maxBytes: number, shareSteps: boolean) {
    this.#maxBytes = maxBytes;
    this.#shareSteps = shareSteps;
  }

  /** Whether no value has to be masked now. */
  get empty(): boolean {
    return this.#redactor.empty;
  }

  /**
   * Masks an answer that belongs to no build, with all values that are known at
   * this moment.
   */
  readonly mask: TextMask = {
    text: (text) => this.#redactor.text(text),
    bytes: (bytes) => this.#redactor.bytes(bytes),
  };

  /**
   * Adds the values of a build that begins; settles when all answers are masked
   * with them.
   *
   * @throws {Refusal} If there are too many values already, with status 503.
   */
  async begin(
    secrets: readonly Secret[],
    signal: AbortSignal,
  ): Promise<KnownBuild> {
    const groups = this.#take(secrets.map((secret) => secret.reveal()));
    const mask = new BuildMask();
    const running = { began: this.#time++, groups, own: createRedactor([]) };
    this.#builds.set(mask, running);
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
   * Finds groups that together hold exactly these values: existing ones that
   * hold no other value, and new ones for the rest.
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
    // Values that other builds have as well are likely to come again: they get a
    // group of their own.
    const parts = Map.groupBy(
      rest,
      ([key]) => others.some(({ values }) => values.has(key)),
    );
    for (const values of parts.values()) {
      own.push(new ValueGroup(new Map(values)));
    }
    let sum = 0;
    for (const group of [...own, ...others]) sum += group.byteLength;
    if (sum > this.#maxBytes) {
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
      // No step has run with it yet, and nobody waits for it: it can be dropped
      // at once.
      this.#groups.delete(group);
      group.giveUp();
    }
    if (this.#builds.size === 0) this.#groups.clear();
    this.#renew();
  }

  /**
   * Whether a running build could still print these values: because it
   * overlapped with their build or, where steps are shared, because it is
   * connected to it by a chain of overlapping builds. Such a chain holds all
   * builds since the last moment at which none ran.
   */
  readonly #isDue = ({ owners, ended }: ValueGroup): boolean => {
    const [oldest] = this.#builds.values();
    const ranBeside = oldest!.began < ended;
    return this.#shareSteps || owners > 0 || ranBeside;
  };

  /**
   * Makes the redactor anew, from the groups that are compiled and still
   * needed.
   */
  #renew(): void {
    for (const group of this.#groups) {
      // No running build can print it any more.
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

/** What is known of a running build. */
interface RunningBuild {
  readonly began: number;
  readonly groups: readonly ValueGroup[];
  /** The redactor of its own values; of none until they are compiled. */
  own: Redactor;
}

/** Whether a text holds one of the redactor's values as a whole. */
function isIn(redactor: Redactor, text: string): boolean {
  let found = false;
  const matcher = redactor.matcher();
  const see = ({ weak }: Match) => void (found ||= !weak);
  matcher.scan(encoder.encode(text), see);
  matcher.finishScan(see);
  return found;
}

import { SecretError } from "../errors.ts";
import { AskedNames } from "./asked_names.ts";
import { Secret } from "./secret.ts";
import {
  checkSource,
  type ResolvedSecret,
  resolveSource,
  type SecretSource,
} from "./source.ts";

/** What became of the secrets of a build: ids, never values. */
export interface SecretReport {
  /** Given to the engine at least once. */
  readonly served: string[];
  /** Asked for by the build, and not to be had. */
  readonly missing: string[];
  /** Given to davit, and never asked for; a cached step asks for nothing. */
  readonly unused: string[];
}

/** The values of a build's secrets, as far as anybody can give them. */
export interface KnownSecrets {
  /** Those that are known. */
  readonly values: readonly (readonly [id: string, secret: Secret])[];
  /** Ids of functions that gave none, or failed. */
  readonly unknown: readonly string[];
}

/** Something that happened to a secret. */
export interface SecretUse {
  /** The secret's id. */
  readonly id: string;
  /** `requested` comes before `served` or `missing`, `unused` at the end. */
  readonly state: "requested" | "served" | "missing" | "unused";
}

/**
 * Ids that git and http sources try on their own, in several spellings until
 * one is there: asking for them in vain is no mistake of a Dockerfile.
 */
const PROBED_REGEXP = /^(GIT|HTTP)_AUTH_(TOKEN|HEADER)([._].*)?$/;

/** The secrets of one build, and who asked for them. */
export class SecretStore {
  readonly #secrets: Map<string, ResolvedSecret>;
  readonly #signal: AbortSignal;
  readonly #answers = new Map<string, Promise<Secret | undefined>>();
  readonly #given = new Map<string, Secret>();
  readonly #served = new Set<string>();
  readonly #missing = new AskedNames();
  /** Told about each use, as it happens. */
  onUse: ((use: SecretUse) => void) | undefined;
  /** Told about a value that a callback gave, before the engine gets it. */
  onValue: ((id: string, secret: Secret) => Promise<void>) | undefined;

  private constructor(
    secrets: Map<string, ResolvedSecret>,
    signal: AbortSignal,
  ) {
    this.#secrets = secrets;
    this.#signal = signal;
  }

  /**
   * Checks every source, then reads the files and variables among them.
   *
   * @param signal Aborts when the build ends; callbacks get it.
   * @throws {TypeError} If a source has no known form.
   * @throws {SecretError} If a file or variable can't be read.
   */
  static async open(
    sources: Readonly<Record<string, SecretSource>>,
    signal: AbortSignal,
  ): Promise<SecretStore> {
    const entries = Object.entries(sources);
    for (const [id, source] of entries) checkSource(id, source);
    const secrets = new Map<string, ResolvedSecret>();
    for (const [id, source] of entries) {
      secrets.set(id, await resolveSource(id, source));
    }
    return new SecretStore(secrets, signal);
  }

  /** How many ids were given. */
  get size(): number {
    return this.#secrets.size;
  }

  /** The secrets whose values are at hand: all but those of callbacks. */
  atHand(): [id: string, secret: Secret][] {
    return [...this.#secrets].filter((entry): entry is [string, Secret] =>
      entry[1] instanceof Secret
    );
  }

  /** The secrets whose values are known by now: also what callbacks gave. */
  known(): [id: string, secret: Secret][] {
    return [...this.atHand(), ...this.#given];
  }

  /** Ids whose values only a callback can give. */
  deferred(): string[] {
    return [...this.#secrets].filter(([, secret]) =>
      typeof secret === "function"
    ).map(([id]) => id);
  }

  /** Whether git and http sources try this id on their own, and nobody gave it. */
  isProbe(id: string): boolean {
    return PROBED_REGEXP.test(id) && !this.#secrets.has(id);
  }

  /**
   * The value that the engine asks for, or undefined where there is none.
   *
   * @throws Whatever a callback throws.
   */
  async get(id: string): Promise<Secret | undefined> {
    if (!this.#secrets.has(id)) {
      if (!this.isProbe(id) && this.#missing.add(id)) {
        this.onUse?.({ id, state: "requested" });
        this.onUse?.({ id, state: "missing" });
      }
      return undefined;
    }
    this.onUse?.({ id, state: "requested" });
    const secret = await this.#value(id);
    if (secret === undefined) this.#missing.add(id);
    else this.#served.add(id);
    this.onUse?.({ id, state: secret === undefined ? "missing" : "served" });
    return secret;
  }

  /**
   * The same for davit's own use: the build did not ask, and nothing is noted.
   *
   * @throws Whatever a callback throws.
   */
  async peek(id: string): Promise<Secret | undefined> {
    return await this.#value(id);
  }

  /** What was served, missing and unused so far. */
  report(): SecretReport {
    return {
      served: [...this.#served],
      missing: [...this.#missing],
      unused: [...this.#secrets.keys()].filter((id) =>
        !this.#served.has(id) && !this.#missing.has(id)
      ),
    };
  }

  #value(id: string): Promise<Secret | undefined> {
    const secret = this.#secrets.get(id);
    if (secret === undefined || secret instanceof Secret) {
      return Promise.resolve(secret);
    }
    // Parallel steps share one call; a call that failed may be tried again.
    let answer = this.#answers.get(id);
    if (answer === undefined) {
      answer = (async () => {
        const value = await secret({ id, signal: this.#signal });
        if (value === null || value === undefined) return undefined;
        checkAnswer(id, value);
        const given = value instanceof Secret ? value : new Secret(value);
        this.#given.set(id, given);
        await this.onValue?.(id, given);
        return given;
      })();
      this.#answers.set(id, answer);
      answer.catch(() => this.#answers.delete(id));
    }
    return answer;
  }
}

function checkAnswer(id: string, value: unknown): void {
  if (
    typeof value !== "string" && !(value instanceof Uint8Array) &&
    !(value instanceof Secret)
  ) {
    throw new SecretError(
      id,
      `The function for secret "${id}" gave ${
        typeof value === "object" ? "an object" : `a ${typeof value}`
      }: expected text, bytes, a Secret or null`,
    );
  }
}

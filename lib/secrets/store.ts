import { SecretError } from "../errors.ts";
import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import { AskedNames } from "./asked_names.ts";
import { Secret } from "./secret.ts";
import {
  checkSource,
  type ResolvedSecret,
  resolveSource,
  type SecretSources,
} from "./source.ts";

/**
 * What became of the secrets of a build: ids, never values. A secret that was
 * not asked for, and of which davit can't know whether a step mounts it, is in
 * none of the lists; a `secret-unknown` warning says why.
 */
export interface SecretReport {
  /** Given to the engine at least once. */
  readonly served: string[];
  /** Asked for by the build, and not given. */
  readonly missing: string[];
  /** Not asked for, because all steps that mount it came from the cache. */
  readonly cached: string[];
  /** Given to davit, and not mounted by any step of this build. */
  readonly unused: string[];
}

/** What the engine asked for so far: ids, never values. */
export interface SecretRequests
  extends Pick<SecretReport, "served" | "missing"> {
  /** Given to davit, and not asked for. */
  readonly unasked: string[];
}

/** The values of a build's secrets, as far as they could be read. */
export interface KnownSecrets {
  /** The values that are known. */
  readonly values: readonly (readonly [id: string, secret: Secret])[];
  /** Ids of functions that gave no value, or failed. */
  readonly unknown: readonly string[];
}

/** What can happen to a secret. */
export type SecretState =
  | "requested"
  | "served"
  | "missing"
  | "cached"
  | "unused";

/** Something that happened to a secret. */
export interface SecretUse {
  /** The secret's id. */
  readonly id: string;
  /** `requested` comes before `served` or `missing`; `cached` and `unused` come at the end. */
  readonly state: SecretState;
}

/**
 * Ids that git and http sources try without a mount, in several spellings until
 * one exists: it is no mistake of the Dockerfile if such an id is not given.
 */
const PROBED_REGEXP = /^(GIT|HTTP)_AUTH_(TOKEN|HEADER)([._].*)?$/;

/** Whether git and http sources try this id without a mount. */
export function isProbed(id: string): boolean {
  return PROBED_REGEXP.test(id);
}

/** The secrets of one build, and a record of which were asked for. */
export class SecretStore {
  readonly #secrets: Map<string, ResolvedSecret>;
  readonly #signal: AbortSignal;
  readonly #answers = new Map<string, Promise<Secret | undefined>>();
  readonly #given = new Map<string, Secret>();
  readonly #served = new Set<string>();
  readonly #missing = new AskedNames();
  /** Called with each use, as it happens. */
  onUse: ((use: SecretUse) => void) | undefined;
  /** Called with each value that a function gave, before the engine gets it. */
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
   * @param signal Aborts when the build ends; functions get it, and the reading
   * of files stops.
   * @throws {TypeError} If a source has no known form.
   * @throws {SecretError} If one is undefined, or a file or variable can't be
   * read.
   */
  static async open(
    sources: SecretSources,
    signal: AbortSignal,
  ): Promise<SecretStore> {
    if (!isPlainObject(sources)) {
      throw new TypeError(
        `Cannot use secrets: expected an object of ids to sources${
          plainObjectHint(sources)
        }`,
      );
    }
    const entries = Object.entries(sources).map(([id, source]) => {
      checkSource(id, source);
      return [id, source] as const;
    });
    const secrets = new Map<string, ResolvedSecret>();
    for (const [id, source] of entries) {
      secrets.set(id, await resolveSource(id, source, signal));
    }
    return new SecretStore(secrets, signal);
  }

  /** The ids that were given. */
  ids(): string[] {
    return [...this.#secrets.keys()];
  }

  /** How many ids were given. */
  get size(): number {
    return this.#secrets.size;
  }

  /**
   * The secrets whose values were read at the start: all except those of
   * functions.
   */
  atHand(): [id: string, secret: Secret][] {
    return [...this.#secrets].filter((entry): entry is [string, Secret] =>
      entry[1] instanceof Secret
    );
  }

  /**
   * The secrets whose values are known by now, including those that functions
   * have given.
   */
  known(): [id: string, secret: Secret][] {
    return [...this.atHand(), ...this.#given];
  }

  /** Ids of the secrets that come from functions. */
  deferred(): string[] {
    return [...this.#secrets].filter(([, secret]) =>
      typeof secret === "function"
    ).map(([id]) => id);
  }

  /**
   * Whether git and http sources try this id without a mount, and it was not
   * given.
   */
  isProbe(id: string): boolean {
    return isProbed(id) && !this.#secrets.has(id);
  }

  /**
   * The value that the engine asks for, or undefined where there is none.
   *
   * @throws Whatever a function throws.
   */
  async get(id: string): Promise<Secret | undefined> {
    this.note({ id, state: "requested" });
    const secret = await this.#value(id);
    this.note({ id, state: secret === undefined ? "missing" : "served" });
    return secret;
  }

  /**
   * Records what happened to a secret, here or at a gateway that answers the
   * engine instead.
   */
  note({ id, state }: SecretUse): void {
    if (!this.#secrets.has(id)) {
      // Each id is reported once, because an engine may ask any number of
      // times.
      if (state !== "missing" || this.isProbe(id) || !this.#missing.add(id)) {
        return;
      }
      this.onUse?.({ id, state: "requested" });
    } else if (state === "missing") this.#missing.add(id);
    else if (state === "served") this.#served.add(id);
    this.onUse?.({ id, state });
  }

  /**
   * The value for davit's own use. It does not count as asked for by the build.
   *
   * @throws Whatever a function throws.
   */
  async peek(id: string): Promise<Secret | undefined> {
    return await this.#value(id);
  }

  /** Which secrets were served, missing and not asked for so far. */
  requests(): SecretRequests {
    return {
      served: [...this.#served],
      missing: [...this.#missing],
      unasked: [...this.#secrets.keys()].filter((id) =>
        !this.#served.has(id) && !this.#missing.has(id)
      ),
    };
  }

  #value(id: string): Promise<Secret | undefined> {
    const secret = this.#secrets.get(id);
    if (secret === undefined || secret instanceof Secret) {
      return Promise.resolve(secret);
    }
    // Parallel steps share one call of a function; after a failure it may be
    // called again.
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

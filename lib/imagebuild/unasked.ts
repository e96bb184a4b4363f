import {
  type BuiltStep,
  builtSteps,
  type BuiltStepsOptions,
} from "../progress/built_steps.ts";
import { syntaxOf } from "../progress/dockerfile.ts";
import {
  type ClientMount,
  clientMounts,
  instructionOf,
} from "../progress/mounts.ts";
import { isOwnSyntax } from "../progress/own_syntax.ts";
import { isProbed } from "../secrets/store.ts";
import type { Dockerfile } from "./context/offer.ts";
import type { TargetMounts } from "./target_mounts.ts";

/** Why the engine did not ask for a secret or an agent that was given. */
export type Unasked =
  | {
    /**
     * `cached`: steps mount it, and they came from the cache; `unused`: no step
     * mounts it.
     */
    readonly state: "cached" | "unused";
  }
  | {
    /** It can't be known whether a step mounts it. */
    readonly state: "unknown";
    /** The reason, for a warning. */
    readonly why: string;
  };

/** What is known of a build that went well. */
export interface BuiltFacts extends BuiltStepsOptions {
  /** The Dockerfile, if it was seen. */
  readonly dockerfile: Dockerfile | undefined;
  /**
   * What the steps of the target mount, where the frontend told it; then nothing
   * of it is searched for in the Dockerfile.
   */
  readonly mounts?: TargetMounts | undefined;
  /** Names of the steps that the engine reported. */
  readonly steps: readonly string[];
  /** Whether the engine fetched the context. */
  readonly remote: boolean;
  /**
   * Whether the engine replaces variables in the ids of mounts, as engines from
   * 23 (API 1.42) on do. Older ones replace them only in the names of steps.
   */
  readonly expandsIds: boolean;
}

/**
 * An ADD that fetches from a network: it may use secrets and agents without a
 * mount.
 */
const FETCH_REGEXP = /^\s*ADD\s.*(?:https?:\/\/|git@|git:\/\/|ssh:\/\/)/is;

/**
 * Finds out why the engine did not ask for a secret or agent that was given. In
 * the names of an engine's steps the variables are replaced; they include the
 * steps of a base image's `ONBUILD` and steps that came from the cache. The
 * Dockerfile is read for steps that the engine does not report.
 */
export class UnaskedInputs {
  readonly #facts: BuiltFacts;
  readonly #named: readonly ClientMount[];
  readonly #written: readonly (BuiltStep & {
    readonly mounts: readonly ClientMount[];
  })[];

  /** Reads the mounts from the names of the steps and from the Dockerfile. */
  constructor(facts: BuiltFacts) {
    this.#facts = facts;
    this.#named = facts.steps.flatMap((name) =>
      clientMounts(instructionOf(name))
    );
    this.#written = facts.dockerfile === undefined
      ? []
      : builtSteps(facts.dockerfile.text, facts)
        .map((step) => ({ ...step, mounts: clientMounts(step.text) }));
  }

  /** Why a secret or agent was not asked for. */
  find(type: ClientMount["type"], id: string): Unasked {
    const { dockerfile, steps, remote, expandsIds } = this.#facts;
    const isIt = (mount: ClientMount) => mount.type === type && mount.id === id;
    const isWritten = this.#written.some(({ sure, mounts }) =>
      sure && mounts.some(isIt)
    );
    const isOpen = this.#written.some(({ mounts }) =>
      mounts.some((mount) => mount.type === type && mount.id === undefined)
    );
    const isNamed = (expandsIds || !isOpen) && this.#named.some(isIt);
    if (isWritten || isNamed) return { state: "cached" };
    const { mounts } = this.#facts;
    if (mounts?.[type].has(id)) return { state: "cached" };
    /** Whether what is fetched may take it without a mount. */
    const isForFetches = type === "ssh" || isProbed(id);
    if (mounts !== undefined && !isForFetches) return { state: "unused" };
    if (dockerfile === undefined) {
      return {
        state: "unknown",
        why: "davit did not see the Dockerfile on its way to the engine",
      };
    }
    const syntax = this.#facts.buildargs?.BUILDKIT_SYNTAX ??
      syntaxOf(dockerfile.text);
    if (syntax && !isOwnSyntax(syntax)) {
      return {
        state: "unknown",
        why: `the Dockerfile is read by a frontend of its own (${syntax})`,
      };
    }
    const isFetch = remote ||
      this.#written.some(({ text }) => FETCH_REGEXP.test(text));
    if (isForFetches && isFetch) {
      return {
        state: "unknown",
        why: "what the build fetches may take it, and may have been there",
      };
    }
    if (mounts !== undefined) return { state: "unused" };
    // If the engine reports steps at all, it reports all of them.
    const mayBe = steps.length === 0
      ? isOpen || this.#written.some(({ mounts }) => mounts.some(isIt))
      : isOpen && !expandsIds;
    return mayBe
      ? {
        state: "unknown",
        why: "a variable of the Dockerfile decides on it",
      }
      : { state: "unused" };
  }
}

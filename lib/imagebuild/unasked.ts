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
import { isProbed } from "../secrets/store.ts";
import type { Dockerfile } from "./record.ts";

/** Why nobody asked for a secret or an agent that was given. */
export type Unasked =
  | {
    /** The steps that mount it did not run; or no step mounts it. */
    readonly state: "cached" | "unused";
  }
  | {
    /** It can't be told whether a step mounts it. */
    readonly state: "unknown";
    /** Why not. */
    readonly why: string;
  };

/** What is known of a build that went well. */
export interface BuiltFacts extends BuiltStepsOptions {
  /** The Dockerfile, if it was seen. */
  readonly dockerfile: Dockerfile | undefined;
  /** Names of the steps that the engine told of. */
  readonly steps: readonly string[];
  /** Whether the engine fetched the context. */
  readonly remote: boolean;
  /**
   * Whether the engine replaces variables in the ids of mounts; from 23 (API 1.42)
   * on. An older one does so in the names of its steps alone.
   */
  readonly expandsIds: boolean;
}

/** What asks for secrets and agents by itself, without a mount. */
const FETCH_REGEXP = /^\s*ADD\s.*(?:https?:\/\/|git@|git:\/\/|ssh:\/\/)/is;

/** The Dockerfile frontend itself, in whatever version: its mounts are known. */
const OWN_SYNTAX_REGEXP =
  /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@]|$)/;

/**
 * Tells why nobody asked for what was given. The names of an engine's steps have
 * variables replaced, those of a base image's `ONBUILD` among them, and stand
 * there for cached ones, too; the Dockerfile says what else there is.
 */
export class UnaskedInputs {
  readonly #facts: BuiltFacts;
  readonly #named: readonly ClientMount[];
  readonly #written: readonly (BuiltStep & {
    readonly mounts: readonly ClientMount[];
  })[];

  /** Reads the steps. */
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

  /** What became of one that was given and not asked for. */
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
    if (dockerfile === undefined) {
      return {
        state: "unknown",
        why: "davit did not see the Dockerfile on its way to the engine",
      };
    }
    const syntax = this.#facts.buildargs?.BUILDKIT_SYNTAX ??
      syntaxOf(dockerfile.text);
    if (syntax && !OWN_SYNTAX_REGEXP.test(syntax)) {
      return {
        state: "unknown",
        why: `the Dockerfile is read by a frontend of its own (${syntax})`,
      };
    }
    const isFetch = remote ||
      this.#written.some(({ text }) => FETCH_REGEXP.test(text));
    if ((type === "ssh" || isProbed(id)) && isFetch) {
      return {
        state: "unknown",
        why: "what the build fetches may take it, and may have been there",
      };
    }
    // Where the engine tells its steps, these are all of them.
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

import type { LineRange } from "../../progress/dockerfile.ts";

/** A place in a Dockerfile. */
export interface DockerfilePlace {
  /** Path of the file in the context. */
  readonly file: string;
  /** The lines, counted from 1; both ends are included. There is at least one. */
  readonly ranges: readonly LineRange[];
  /** The text of the lines from the first to the last one. */
  readonly lines: readonly string[];
  /** The lines and those around them, which are marked with `>>>`. */
  readonly excerpt: string;
}

/** A rule of BuildKit's check that a Dockerfile does not follow. */
export interface DockerfileViolation {
  /** Name of the rule, such as `JSONArgsRecommended`. */
  readonly rule: string;
  /** What the rule is for. */
  readonly description: string;
  /** Page about the rule; empty if there is none. */
  readonly url: string;
  /** What is wrong here. */
  readonly detail: string;
  /** Where; undefined for what is about the whole file. */
  readonly place: DockerfilePlace | undefined;
}

/** Why a Dockerfile can't be built at all. */
export interface DockerfileFault {
  /** BuildKit's own words. */
  readonly message: string;
  /** Where; undefined where BuildKit names no place. */
  readonly place: DockerfilePlace | undefined;
}

/** What BuildKit's check says of a Dockerfile. */
export interface DockerfileCheck {
  /** The violations in the order of their places. */
  readonly violations: readonly DockerfileViolation[];
  /**
   * Why it can't be built: a fault in what is written, or violations of rules
   * that the Dockerfile makes errors (`# check=error=true`). Undefined if it
   * can be built.
   */
  readonly error: DockerfileFault | undefined;
}

/** A build argument. */
export interface DockerfileArgument {
  /** Its name. */
  readonly name: string;
  /** Its value for this build, or its default; undefined if it has none. */
  readonly value: string | undefined;
  /** The comment above it, if that begins with the name; empty if not. */
  readonly description: string;
  /** Where it stands. */
  readonly place: DockerfilePlace | undefined;
}

/** A secret, or an ssh agent, that steps mount. */
export interface DockerfileMount {
  /** Its id. */
  readonly id: string;
  /** Whether a step demands it (`required`). */
  readonly required: boolean;
  /** The step that mounts it. */
  readonly place: DockerfilePlace | undefined;
}

/** A cache that steps mount. */
export interface DockerfileCache {
  /** Its id. */
  readonly id: string;
  /** The step that mounts it. */
  readonly place: DockerfilePlace | undefined;
}

/** What can be given to the build of one target. */
export interface DockerfileOutline {
  /** Name of the target; empty for a stage without one. */
  readonly name: string;
  /** The comment above the target, if that begins with its name. */
  readonly description: string;
  /** Its build arguments, in their order. */
  readonly args: readonly DockerfileArgument[];
  /** The secrets that its steps mount. */
  readonly secrets: readonly DockerfileMount[];
  /** The ssh agents that its steps mount. */
  readonly ssh: readonly DockerfileMount[];
  /** The caches that its steps mount, where the frontend tells them. */
  readonly caches: readonly DockerfileCache[];
}

/** A stage that can be built. */
export interface DockerfileTarget {
  /** Its name; empty if it has none. */
  readonly name: string;
  /** Whether it is built where no target is named. */
  readonly default: boolean;
  /** The comment above it, if that begins with its name; empty if not. */
  readonly description: string;
  /** The image or the stage that it begins with. */
  readonly base: string;
  /** The platform that it names (`FROM --platform`); empty if it names none. */
  readonly platform: string;
  /** Where it begins. */
  readonly place: DockerfilePlace | undefined;
}

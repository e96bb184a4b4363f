// What a way to build is: the same two questions to each of them. `way.ts` chooses
// one, and `ways/` holds them.

import type { Engine, EngineFacts } from "../engine/engine.ts";
import type { OpenSession, SessionDialler } from "../session/open.ts";
import type { Offer } from "./context/offer.ts";
import type { BuildInputs } from "./inputs.ts";
import type { OwnWarning } from "./fact.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";

/** A build that can begin: what is asked, of whom, and what it may use. */
export interface Build {
  /** Where it is built. */
  readonly engine: Engine;
  /** What the engine said of itself. */
  readonly facts: EngineFacts;
  /** What is asked for. */
  readonly request: BuildRequest;
  /** What the engine is offered to build from. */
  readonly context: Offer;
  /** What of this machine it may use. */
  readonly inputs: BuildInputs;
  /** Told of all that happens. */
  readonly record: BuildRecord;
  /** Stops it. */
  readonly stop: AbortSignal;
  /** Told of a Dockerfile that is seen only on its way; what it throws ends the build. */
  readonly onDockerfile: (text: string) => void;
}

/** What is known of a way before anything is sent. */
export interface WayNeeds {
  /** What the builder will ignore, and what somebody should know of how it is asked. */
  readonly warnings: readonly OwnWarning[];
  /** Connects the session over which the engine asks for what it needs; undefined for none. */
  readonly session: SessionDialler | undefined;
  /** Ids of secrets that go to nobody who is known to read them. */
  readonly unread: readonly string[];
}

/** What a build came to, as the engine tells it. */
export interface Built {
  /** The image's id; empty where the output is no image. */
  readonly imageId: string;
  /** Whether davit knows what the build asked for. */
  readonly told: boolean;
}

/** A way to build. */
export interface BuildWay {
  /**
   * What it takes to go this way. Nothing is sent yet.
   *
   * @throws {UnsupportedError} If what is asked can't be had this way.
   * @throws {SecretError} If a secret is too large for it.
   */
  needs(build: Build): WayNeeds;
  /**
   * Builds, to the end of the engine's answer.
   *
   * @param session The session that serves it; undefined where there is none.
   * @throws {ContextError} If the context fails; the engine is told to stop.
   * @throws {BuildError} If the engine says that the build failed.
   */
  run(build: Build, session: OpenSession | undefined): Promise<Built>;
}

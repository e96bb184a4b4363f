// The interface of a way to build, by which all of them are used alike.
// `way.ts` chooses one; the ways themselves are in `ways/`.

import type { Engine, EngineFacts } from "../engine/engine.ts";
import type { UnsupportedError } from "../errors.ts";
import type { ExportSet } from "../exporter/export_set.ts";
import type { OpenSession, SessionDialler } from "../session/open.ts";
import type { Upload } from "../session/upload.ts";
import type { NamedContexts } from "./context/named_contexts.ts";
import type { Offer } from "./context/offer.ts";
import type { BuildInputs } from "./inputs.ts";
import type { OwnWarning } from "./fact.ts";
import type { BuildHost, MetHost } from "./host.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildRequest } from "./request.ts";
import type { BuildImageResult } from "./result.ts";
import type { Solved } from "./solved.ts";
import type { TargetMounts } from "./target_mounts.ts";

/**
 * A build that is ready to begin: what is built, by whom, and what it may use.
 */
export interface Build extends MetHost {
  /** What builds. */
  readonly host: BuildHost;
  /** What to build, and how. */
  readonly request: BuildRequest;
  /** The build context, ready to be sent. */
  readonly context: Offer;
  /** Further contexts by their names, ready to be sent. */
  readonly contexts: NamedContexts;
  /** What the build may use of this machine: secrets, logins, ssh agents. */
  readonly inputs: BuildInputs;
  /** Receives the results that come back; undefined where none does. */
  readonly exports: ExportSet | undefined;
  /** Records everything that happens. */
  readonly record: BuildRecord;
  /** Aborts when the build is to be stopped. */
  readonly stop: AbortSignal;
  /**
   * Called with a Dockerfile that is only seen while the context is sent. If it
   * throws, the build ends with that error.
   */
  readonly onDockerfile: (text: string) => void;
  /** Where several nodes build, what all of them mount. */
  readonly shared?: {
    join(
      mounts: TargetMounts | undefined,
      check: (all: TargetMounts) => void,
      signal: AbortSignal,
    ): Promise<void>;
  };
}

/** A build by an engine. */
export interface EngineBuild extends Build {
  readonly engine: Engine;
  readonly facts: EngineFacts;
}

/** The places in a session for contexts that are tars. */
export interface ContextUploads {
  /** That of the build's own context; undefined if it is no tar. */
  readonly own: Upload | undefined;
  /** Those of contexts by name. */
  readonly named: ReadonlyMap<string, Upload>;
}

/** What a way needs for this build, known before anything is sent. */
export interface WayNeeds {
  /**
   * Options that the builder will ignore, and risks in how the secrets travel.
   */
  readonly warnings: readonly OwnWarning[];
  /**
   * Connects the session over which the engine asks for what it needs;
   * undefined where this way has no session.
   */
  readonly session: SessionDialler | undefined;
  /**
   * Whether the context comes over the session, so that there must be one.
   *
   * @default {false}
   */
  readonly sessionRequired?: boolean | undefined;
  /** The places in the session for contexts that are tars. */
  readonly uploads?: ContextUploads | undefined;
  /**
   * Whether this way opens sessions of its own, one for each node that builds.
   *
   * @default {false}
   */
  readonly ownSessions?: boolean | undefined;
  /**
   * Ids of secrets that are sent although davit knows of nobody who reads them.
   */
  readonly unread: readonly string[];
}

/** The result of a build, as the engine tells it. */
export interface Built {
  /** The image's id; empty where the output is no image. */
  readonly imageId: string;
  /** The image's digests, where this way and the engine tell them. */
  readonly image?: BuildImageResult | undefined;
  /** Whether davit knows what the engine asked for during the build. */
  readonly told: boolean;
  /** What BuildKit's own API told, on the way that uses it. */
  readonly solved?: Solved;
  /**
   * What is kept open on the engine behind the build, with its session; ended by
   * disposing of it.
   */
  readonly held?: AsyncDisposable;
}

/**
 * A way to build: a protocol with one kind of builder. Those of an engine take
 * its own API besides.
 */
export interface BuildWay<B extends Build = Build> {
  /**
   * Checks the build and says what this way needs for it. Nothing is sent yet.
   *
   * @throws {UnsupportedError} If this way can't do what is asked.
   * @throws {SecretError} If a secret is too large to be sent this way.
   */
  needs(build: B): WayNeeds;
  /**
   * Builds, and reads the engine's answer to its end.
   *
   * @param session The session that serves the build; undefined where there is
   * none.
   * @param uploads What {@linkcode WayNeeds} had of them; the session offers
   * them.
   * @throws {ContextError} If the context can't be read; the engine is told to
   * stop.
   * @throws {BuildError} If the engine says that the build failed.
   */
  run(
    build: B,
    session: OpenSession | undefined,
    uploads?: ContextUploads,
  ): Promise<Built>;
}

/** A way to do something else than to build an image, by BuildKit's own API. */
export interface SolveWay extends BuildWay {
  /** The error for what can't be done. */
  readonly refused: (why: string) => UnsupportedError;
}

/**
 * Errors with causes outside of the caller's own program, as classes with a
 * stable `name`. Wrong arguments are `TypeError`s and `RangeError`s; an abort
 * rejects with the signal's own reason.
 *
 * No message here ever holds a secret's value, a header or a body.
 *
 * @module
 */

/**
 * The engine can't be reached, or the connection to it broke: it does not run,
 * the address is wrong, or Deno was not given the permission. The message names
 * the address and what to do.
 */
export class ConnectionError extends Error {
  /** Always `ConnectionError`. */
  override readonly name: string = "ConnectionError";
}

/** What an {@linkcode EngineError} is made from. */
export interface EngineErrorInit {
  /** HTTP status of the answer. */
  status: number;
  /** HTTP method of the request. */
  method: string;
  /** Path of the request, without its query, which may hold build arguments. */
  path: string;
  /** The engine's own message. */
  detail: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * The engine refused a request with a status of 400 or above. `status` 404 means
 * that there is no such image.
 *
 * @example
 * ```ts
 * import { DockerClient, EngineError } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * try {
 *   await docker.imageInspect("app:1");
 * } catch (error) {
 *   if (!(error instanceof EngineError && error.status === 404)) throw error;
 *   console.error("app:1 was not built yet");
 * }
 * ```
 */
export class EngineError extends Error {
  /** Always `EngineError`. */
  override readonly name: string = "EngineError";
  /** HTTP status of the answer. */
  readonly status: number;
  /** HTTP method of the request. */
  readonly method: string;
  /** Path of the request, without its query. */
  readonly path: string;
  /** The engine's own message. */
  readonly detail: string;

  /** Makes a message from the request and the engine's answer. */
  constructor(init: EngineErrorInit) {
    super(
      `${init.method} ${init.path} was refused with status ${init.status}: ${init.detail}`,
      init.cause === undefined ? {} : { cause: init.cause },
    );
    this.status = init.status;
    this.method = init.method;
    this.path = init.path;
    this.detail = init.detail;
  }
}

/**
 * The answer is not what an engine sends: it is cut off, is no JSON, or names no
 * image. Something else may listen at the address.
 */
export class ProtocolError extends Error {
  /** Always `ProtocolError`. */
  override readonly name: string = "ProtocolError";
}

/**
 * The session over which the engine asks for secrets, folders and logins could
 * not be opened, or ended while the build needed it: mostly because the engine
 * was restarted, or a proxy between does not pass on a connection of that kind.
 */
export class SessionError extends Error {
  /** Always `SessionError`. */
  override readonly name: string = "SessionError";
}

/**
 * A secret can't be given to the build: its file or variable does not exist, it
 * is too large, its function failed, its value stands in a build argument or
 * label, or `strictSecrets` is not fulfilled. `id` says which one; the value is
 * nowhere in the error.
 *
 * @example
 * ```ts
 * import { DockerClient, SecretError } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const secrets = { deploy_key: { env: "A_VARIABLE_THAT_IS_NOT_SET" } };
 * try {
 *   await docker.imageBuild("./app", { secrets }).wait();
 * } catch (error) {
 *   if (!(error instanceof SecretError)) throw error;
 *   console.error(`${error.id}: ${error.message}`);
 * }
 * ```
 */
export class SecretError extends Error {
  /** Always `SecretError`. */
  override readonly name: string = "SecretError";
  /** The secret's id, never its value. */
  readonly id: string;

  /** Names the secret by its id. */
  constructor(id: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.id = id;
  }
}

/**
 * This engine, this transport or davit can't do what was asked. The message says
 * what can be done instead.
 *
 * @example Attestations where the engine can store them
 * ```ts
 * import { DockerClient, UnsupportedError } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const options = { tag: "app:1" };
 * try {
 *   await docker.imageBuild("./app", { ...options, attest: { sbom: true } })
 *     .wait();
 * } catch (error) {
 *   if (!(error instanceof UnsupportedError)) throw error;
 *   console.warn(`without an SBOM: ${error.feature}`);
 *   await docker.imageBuild("./app", options).wait();
 * }
 * ```
 */
export class UnsupportedError extends Error {
  /** Always `UnsupportedError`. */
  override readonly name: string = "UnsupportedError";
  /** The thing that can't be done, in a word or two. */
  readonly feature: string;

  /** Names the feature. */
  constructor(feature: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.feature = feature;
  }
}

/** A place in a Dockerfile. */
export interface BuildErrorSource {
  /** Path of the file in the context. */
  readonly file: string;
  /** First line, counted from 1. */
  readonly startLine: number;
  /** Last line, counted from 1. */
  readonly endLine: number;
  /** The lines around the place, which is marked with `>>>`. */
  readonly excerpt: string;
}

/** A cache that could not be written. */
export interface FailedCache {
  /** Its kind, such as `registry`. */
  readonly kind: string;
  /** Where it is, such as its name in a registry; undefined if not known. */
  readonly place: string | undefined;
}

/** What a {@linkcode BuildError} is made from. */
export interface BuildErrorInit {
  /** The engine's own message. */
  detail: string;
  /** Exit code of the failed step, where the engine reports it. */
  exitCode?: number | undefined;
  /** Digest of the failed step. */
  vertex?: string | undefined;
  /** Name of the failed step. */
  step?: string | undefined;
  /** The last lines that the failed step printed. */
  log?: readonly string[];
  /** The failed step's place in the Dockerfile. */
  source?: BuildErrorSource | undefined;
  /** Ids of the secrets that the build asked for and that were not given. */
  missingSecrets?: readonly string[];
  /**
   * What a step asked for and the build was not allowed (option `allow`), such
   * as `network.host`.
   */
  missingEntitlements?: readonly string[];
  /** The cache whose writing failed the build. */
  failedCache?: FailedCache | undefined;
  /** The registry that refused an image for want of the right login. */
  deniedBy?: string | undefined;
  /**
   * Ids of secrets of the failed step that were sent only in the
   * `X-BuildKit-Secrets` header, to an engine that does not read it.
   */
  unreadSecrets?: readonly string[];
  /** What the failure means, where the engine's words do not say it. */
  hint?: string;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * The engine accepted the build, and the build failed: a step ended with an exit
 * code, the Dockerfile can't be read, a file or base image is missing. The
 * message has all of it: the engine's words, the last lines of the failed step's
 * output, and its lines in the Dockerfile. The fields have the parts.
 *
 * @example Where a build failed
 * ```ts
 * import { BuildError, DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * try {
 *   await docker.imageBuild("./app", { tag: "app:1" }).wait();
 * } catch (error) {
 *   if (!(error instanceof BuildError)) throw error;
 *   const { step, exitCode, source, log } = error;
 *   console.error(`${step} ended with ${exitCode}`);
 *   if (source !== undefined) console.error(`${source.file}:${source.startLine}`);
 *   console.error(log.join("\n")); // its last lines, secrets masked
 * }
 * ```
 */
export class BuildError extends Error {
  /** Always `BuildError`. */
  override readonly name: string = "BuildError";
  /** The engine's own message. */
  readonly detail: string;
  /** Exit code of the failed step, where the engine reports it. */
  readonly exitCode: number | undefined;
  /** Digest of the failed step, where it is known for sure. */
  readonly vertex: string | undefined;
  /** Name of the failed step, such as `[2/5] RUN make`. */
  readonly step: string | undefined;
  /** The last lines that the failed step printed, secrets masked. */
  readonly log: readonly string[];
  /** The failed step's place in the Dockerfile, where it is known for sure. */
  readonly source: BuildErrorSource | undefined;
  /** Ids of the secrets that the build asked for and that were not given. */
  readonly missingSecrets: readonly string[];
  /**
   * What a step asked for and the build was not allowed (option `allow`), such
   * as `network.host`.
   */
  readonly missingEntitlements: readonly string[];
  /**
   * The cache of the option `cacheto` that could not be written, where that is
   * what failed the build. Its steps went well, and an image may be stored.
   */
  readonly failedCache: FailedCache | undefined;
  /**
   * The registry that refused an image, `docker.io` or `host[:port]`, because it
   * wants a login, or another one than it got.
   */
  readonly deniedBy: string | undefined;

  /**
   * Makes a message from the engine's own and from what davit knows, in the
   * form that buildx prints.
   */
  constructor(init: BuildErrorInit) {
    const { detail, step, source, log = [], missingSecrets = [] } = init;
    const unread = init.unreadSecrets ?? [];
    const { missingEntitlements = [], failedCache, deniedBy } = init;
    super(
      [
        detail,
        ...missingSecrets.map((id) =>
          `secret "${id}" was asked for and not given`
        ),
        ...missingEntitlements.map((name) =>
          `a step asks for ${name}: give the option allow: [${
            JSON.stringify(name)
          }]`
        ),
        ...(failedCache === undefined ? [] : [
          `the cache ${failedCache.kind}${
            failedCache.place === undefined ? "" : ` ${failedCache.place}`
          } could not be written: ignoreError: true makes that a warning`,
        ]),
        ...(deniedBy === undefined ? [] : [
          `${deniedBy} wants a login, or did not take the one that was sent: give one in the option credentials, or by "docker login"`,
        ]),
        ...unread.map((id) =>
          `secret "${id}" went in the X-BuildKit-Secrets header alone, which no stock engine reads: if the step found none, use a transport that can serve a session, as a Docker engine's own socket, or a davit gateway before the engine`
        ),
        ...(init.hint === undefined ? [] : [init.hint]),
        ...(step === undefined || log.length === 0
          ? []
          : ["------", ` > ${step}:`, ...log, "------"]),
        ...(source === undefined ? [] : [source.excerpt]),
      ].join("\n"),
      init.cause === undefined ? {} : { cause: init.cause },
    );
    this.detail = detail;
    this.exitCode = init.exitCode;
    this.vertex = init.vertex;
    this.step = step;
    this.log = log;
    this.source = source;
    this.missingSecrets = missingSecrets;
    this.missingEntitlements = missingEntitlements;
    this.failedCache = failedCache;
    this.deniedBy = deniedBy;
  }
}

/**
 * The build context could not be read to its end: a folder or file is not there,
 * may not be read, or became shorter while it was sent, or a given stream broke.
 * The build was stopped, and no image was made. The message names the path.
 */
export class ContextError extends Error {
  /** Always `ContextError`. */
  override readonly name: string = "ContextError";
}

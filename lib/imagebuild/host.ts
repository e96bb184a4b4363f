// What builds, as a build sees it. An engine has an API of its own beside
// BuildKit's, and a store for images; whatever depends on that is decided by
// what stands here, by `way.ts`, and by `ways/` that take an `EngineBuild`.

import type { BuildkitHost } from "../buildkit/host.ts";
import { compareApi } from "../engine/api_version.ts";
import type { Engine, EngineFacts } from "../engine/engine.ts";

/** What builds, before anything was asked of it. */
export interface BuildHost {
  /** Its address, for messages. */
  readonly where: string;
  /** Whether it is on this machine, as far as its address shows. */
  readonly isHere: boolean;
  /** Whether what is sent to it can be read on its way. */
  readonly isPlain: boolean;
  /** Whether a build that names no output makes an image there. */
  readonly keepsImages: boolean;
  /** Asks what it is. */
  meet(signal: AbortSignal): Promise<MetHost>;
  /** BuildKit's own API there, loaded when it is needed. */
  buildkit(): Promise<BuildkitHost>;
}

/** What is known of a host once it was asked. */
export interface MetHost {
  /** What its BuildKit takes. */
  readonly takes: HostTakes;
  /** The engine, where the host is one. */
  readonly engine?: Engine | undefined;
  /** The engine's version and kind, as it reported them. */
  readonly facts?: EngineFacts | undefined;
}

/** What differs between BuildKits of different age. */
export interface HostTakes {
  /** The largest value of a secret, in bytes, that it takes over a session. */
  readonly secretBytes: number;
  /** Whether variables in the ids of mounts are replaced. */
  readonly expandedIds: boolean;
  /** Whether folders may come from another session than the build's. */
  readonly foreignFolders: boolean;
}

/**
 * The largest gRPC message that BuildKit accepts: 4 MiB in engines before 26
 * (API 1.45), and 16 MiB since. A value needs five more bytes in its message,
 * for a tag and a length.
 */
const SMALL_MESSAGE = 4 * 1024 * 1024;
const LARGE_MESSAGE = 16 * 1024 * 1024;
const VALUE_OVERHEAD = 5;

/** What daemons of the last years take: those that came with engines from 26 on. */
const DAEMON_TAKES: HostTakes = {
  secretBytes: LARGE_MESSAGE - VALUE_OVERHEAD,
  expandedIds: true,
  foreignFolders: true,
};

/** A Docker engine, podman, or a davit gateway. */
export function engineHost(engine: Engine): BuildHost {
  const { where, isHere } = engine;
  return {
    where,
    isHere,
    isPlain: !isHere && /^(?:tcp|http):/.test(where),
    keepsImages: true,
    async meet(signal) {
      const facts = await engine.facts(signal);
      return { takes: engineTakes(facts), engine, facts };
    },
    async buildkit() {
      const { buildkitOf } = await import("../buildkit/engine_host.ts");
      return buildkitOf(engine);
    },
  };
}

/** A BuildKit daemon. */
export function daemonHost(
  daemon: BuildkitHost & Pick<BuildHost, "isHere" | "isPlain">,
): BuildHost {
  const { where, isHere, isPlain } = daemon;
  return {
    where,
    isHere,
    isPlain,
    keepsImages: false,
    meet: () => Promise.resolve({ takes: DAEMON_TAKES }),
    buildkit: () => Promise.resolve(daemon),
  };
}

/** What BuildKit of an engine takes. */
export function engineTakes(
  { apiVersion, negotiated }: Pick<EngineFacts, "apiVersion" | "negotiated">,
): HostTakes {
  const message = compareApi(apiVersion, "1.45") < 0
    ? SMALL_MESSAGE
    : LARGE_MESSAGE;
  return {
    secretBytes: message - VALUE_OVERHEAD,
    expandedIds: compareApi(apiVersion, "1.42") >= 0,
    foreignFolders: compareApi(negotiated, "1.42") >= 0,
  };
}

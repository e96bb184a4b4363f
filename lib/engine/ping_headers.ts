/**
 * The header with which a davit gateway says that it reads the secrets header.
 */
export const GATEWAY_HEADER = "X-Davit-Gateway";

/** What an engine reports about itself in the headers of `/_ping`. */
export interface Ping {
  /** The newest API version that it speaks, such as `1.51`. */
  readonly apiVersion: string;
  /** Its operating system, such as `linux`. */
  readonly osType: string | undefined;
  /**
   * The builder that it recommends: `2` is BuildKit. Older engines do not send
   * this, even if they have BuildKit.
   */
  readonly builderVersion: string | undefined;
  /** Whether experimental features are on. */
  readonly experimental: boolean;
  /** Podman's version of its own API; undefined on a Docker engine. */
  readonly libpodApiVersion: string | undefined;
  /**
   * Whether a davit gateway stands before the engine: it accepts secrets in the
   * `X-BuildKit-Secrets` header, and no sessions.
   */
  readonly gateway: boolean;
}

/**
 * Reads the headers of a ping; undefined if the answer is not from the Engine
 * API.
 */
export function readPing(headers: Headers): Ping | undefined {
  const apiVersion = headers.get("api-version");
  if (apiVersion === null || !/^\d+\.\d+$/.test(apiVersion)) return undefined;
  return {
    apiVersion,
    osType: headers.get("ostype") ?? undefined,
    builderVersion: headers.get("builder-version") || undefined,
    experimental: headers.get("docker-experimental") === "true",
    libpodApiVersion: headers.get("libpod-api-version") ?? undefined,
    gateway: headers.has(GATEWAY_HEADER),
  };
}

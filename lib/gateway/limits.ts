import { isPlainObject, plainObjectHint } from "../plain_object.ts";

/** Limits of a gateway. Times are in milliseconds, sizes in bytes. */
export interface GatewayLimits {
  /**
   * Open connections. When there is one more, the one is closed that has been
   * idle for the longest time; if none is idle, the new one. Default 512.
   */
  readonly maxConnections: number;
  /** Requests on one connection in a second; further ones wait. Default 50. */
  readonly maxRequestsPerSecond: number;
  /** Builds at the same time; further ones get 429. Default 100. */
  readonly maxBuilds: number;
  /** Bytes of a request's head; a longer one gets 431. Default 1 MiB. */
  readonly maxHeaderBytes: number;
  /** Secrets of one build; more get 431. Default 128. */
  readonly maxSecrets: number;
  /**
   * Bytes of one build's secrets and logins together; more get 431. Default 64
   * KiB.
   */
  readonly maxSecretBytes: number;
  /**
   * Bytes of the secrets and logins of all running builds together; a value
   * that several builds have counts once or twice. More get 503. Default 512
   * KiB.
   */
  readonly maxAllSecretBytes: number;
  /** Bytes of a request's body; a longer one gets 413. Default 64 GiB. */
  readonly maxBodyBytes: number;
  /**
   * How long the gateway waits for bytes that a client has to send, and for a
   * client to read its answer. Default one minute.
   */
  readonly idleMs: number;
  /** How long a request's head may take from its first byte. Default 30 s. */
  readonly headMs: number;
  /** How long a request may take, from its head to the end of its answer. Default two hours. */
  readonly totalMs: number;
  /** How long a stop waits for running requests. Default one minute. */
  readonly graceMs: number;
}

/** Limits as the caller gives them; the others keep their defaults. */
export type GatewayLimitOptions = {
  readonly [Name in keyof GatewayLimits]?: GatewayLimits[Name] | undefined;
};

/** The default limits. */
export const DEFAULT_LIMITS: GatewayLimits = {
  maxConnections: 512,
  maxRequestsPerSecond: 50,
  maxBuilds: 100,
  maxHeaderBytes: 1024 * 1024,
  maxSecrets: 128,
  // The cost is in the masking: half a second of work and 13 MB of memory for
  // 64 KiB of values.
  maxSecretBytes: 64 * 1024,
  maxAllSecretBytes: 512 * 1024,
  maxBodyBytes: 64 * 1024 ** 3,
  idleMs: 60_000,
  headMs: 30_000,
  totalMs: 2 * 60 * 60_000,
  graceMs: 60_000,
};

/**
 * Completes and checks limits.
 *
 * @throws {TypeError} If there is no such limit.
 * @throws {RangeError} If one is no whole number, or too small to work with.
 */
export function checkLimits(given: GatewayLimitOptions): GatewayLimits {
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot serve a gateway: limits is an object of names to numbers${
        plainObjectHint(given)
      }`,
    );
  }
  const limits: Record<keyof GatewayLimits, number> = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new TypeError(
        `Cannot serve a gateway: there is no limit "${name}"`,
      );
    }
    const least = name === "maxHeaderBytes" ? 1024 : name === "graceMs" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(
        `Cannot serve a gateway: the limit ${name} is a whole number from ${least} on`,
      );
    }
    // A timer with a longer time fires at once.
    if (name.endsWith("Ms") && value > 0x7fffffff) {
      throw new RangeError(
        `Cannot serve a gateway: the limit ${name} is at most ${0x7fffffff}`,
      );
    }
    limits[name as keyof GatewayLimits] = value;
  }
  return limits;
}

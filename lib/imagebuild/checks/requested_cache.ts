// What a build asks of its caches; how they are checked is in cache.ts, which most
// builds do without.

import type { SecretSource } from "../../secrets/source.ts";

/** A cache that was asked for, checked. */
export interface RequestedCache {
  /** Its kind, such as `registry`. */
  readonly type: string;
  /** Its attributes, by BuildKit's names, but for those of `secrets`. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Attributes whose values are secret, such as a token. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  /** Whether what is missing is read from the environment. */
  readonly fromEnvironment: boolean;
}

/**
 * Whether a cache has a token or the like. The engine's history keeps the
 * attributes of those that are read, as they are.
 */
export function holdsSecret(
  { secrets, fromEnvironment }: RequestedCache,
): boolean {
  return fromEnvironment || Object.keys(secrets).length > 0;
}

/**
 * The names that `POST /build` takes for its parameter `cachefrom`; undefined
 * where one of the caches is more than the name of an image.
 */
export function namesOfCaches(
  caches: readonly RequestedCache[],
): readonly string[] | undefined {
  const names = caches.map(({ type, attrs: { ref, ...others } }) =>
    type === "registry" && Object.keys(others).length === 0 ? ref : undefined
  );
  return names.every((name) => name !== undefined) ? names : undefined;
}

import { UnsupportedError } from "./errors.ts";

/** The oldest Deno that passes the tests. */
export const OLDEST_DENO = "2.9.4";

/**
 * Fails on a Deno that is too old, with a sentence instead of a riddle.
 * Elsewhere, as on a platform with Deno's interface but no version, it passes.
 *
 * @throws {UnsupportedError} If this Deno is older than {@linkcode OLDEST_DENO}.
 */
export function requireDenoVersion(
  version: string | undefined = globalThis.Deno?.version?.deno,
): void {
  if (version === undefined || !isOlder(version, OLDEST_DENO)) return;
  throw new UnsupportedError(
    `Deno ${version}`,
    `davit needs Deno ${OLDEST_DENO} or newer, and this is ${version}: update it with "deno upgrade"`,
  );
}

function isOlder(version: string, than: string): boolean {
  const a = version.split(/[.-]/).map(Number);
  const b = than.split(".").map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

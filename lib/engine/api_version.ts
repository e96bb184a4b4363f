/** The newest version of the Engine API that davit was tested with (engine 28.5). */
export const NEWEST_API = "1.51";

/** The oldest version that davit asks for (engine 17.06, which 28 still serves). */
export const OLDEST_API = "1.24";

/**
 * Checks an API version that the caller gave.
 *
 * @throws {TypeError} If it is no version.
 */
export function checkApiVersion(version: string): void {
  if (/^\d+\.\d+$/.test(version)) return;
  throw new TypeError(
    `Cannot speak API version ${
      JSON.stringify(version)
    }: expected a number such as "1.41"`,
  );
}

/** Compares two versions of the form `1.41`: below zero when `a` is older. */
export function compareApi(a: string, b: string): number {
  const [majorA, minorA] = parts(a);
  const [majorB, minorB] = parts(b);
  return majorA - majorB || minorA - minorB;
}

function parts(version: string): [major: number, minor: number] {
  return version.split(".").map(Number) as [number, number];
}

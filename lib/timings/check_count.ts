/**
 * Checks an option that counts something.
 *
 * @throws {TypeError} If it is no whole number from 0 to 100 000.
 */
export function checkCount(name: string, count: unknown): number {
  if (
    typeof count === "number" && Number.isInteger(count) && count >= 0 &&
    count <= MAX_COUNT
  ) return count;
  throw new TypeError(
    `Cannot show timings: ${name} must be a whole number from 0 to 100000`,
  );
}

const MAX_COUNT = 100_000;

/** Nanoseconds of each unit that Go's `time.ParseDuration` knows. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  "µs": 1e3,
  "μs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const WHOLE_REGEXP =
  /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|[uµμ]s|ms|[smh]))+)$/;
const PART_REGEXP = /(\d+\.?\d*|\.\d+)(ns|[uµμ]s|ms|[smh])/g;

/**
 * Reads a duration as Go's `time.ParseDuration` does: `24h`, `1h30m`, `1.5s`.
 *
 * @returns Nanoseconds, rounded; undefined if it is no duration.
 */
export function parseGoDuration(text: string): number | undefined {
  if (!WHOLE_REGEXP.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(PART_REGEXP)) {
    sum += Number(number) * UNITS[unit!]!;
  }
  return Math.round(text.startsWith("-") ? -sum : sum);
}

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

/** A length of time in nanoseconds as Go's `time.Duration` is printed: `48h0m0s`. */
export function goDuration(nanoseconds: number): string {
  const seconds = nanoseconds / 1e9;
  if (seconds < 1) return `${Number((nanoseconds / 1e6).toFixed(6))}ms`;
  const rest = Number((seconds % 60).toFixed(9));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? `${hours}h${minutes % 60}m${rest}s`
    : minutes > 0
    ? `${minutes}m${rest}s`
    : `${rest}s`;
}

/**
 * A time as Go's `time.Time` is printed: `2026-01-02 03:04:05.6 +0000 UTC`.
 *
 * @param time In UTC, as of `Date.toISOString()`, also with nanoseconds.
 */
export function goTime(time: string): string {
  const [date, clock = ""] = time.replace(/(?:\.0*|(\.\d*[1-9])0*)?Z$/, "$1")
    .split("T");
  return `${date} ${clock} +0000 UTC`;
}

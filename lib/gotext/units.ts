// Sizes and times as docker's commands print them (docker/go-units).

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size with four digits at the most: `1.5MB`; 1 kB is 1000 B. */
export function humanSize(bytes: number): string {
  return inUnits(bytes, 1000, UNITS);
}

/** A size with four digits at the most: `1.5MiB`; 1 KiB is 1024 B. */
export function binarySize(bytes: number): string {
  return inUnits(bytes, 1024, BINARY_UNITS);
}

/** About how long something took or is ago, in words: `2 hours`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const minutes = Math.trunc(ms / 60_000);
  const hours = Math.round(ms / 3_600_000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(Math.trunc(ms / 3_600_000) / 24 / 365)} years`;
}

/** How long a build took: `1.5s`, `2m  5s`. */
export function buildDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.trunc(ms / 1000);
  const rest = String(seconds % 60).padStart(2);
  return `${Math.trunc(seconds / 60)}m ${rest}s`;
}

function inUnits(
  bytes: number,
  step: number,
  units: readonly string[],
): string {
  let value = bytes;
  let unit = 0;
  while (value >= step && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}

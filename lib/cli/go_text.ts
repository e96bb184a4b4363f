// Texts as programs in Go write them.

/** A number of bytes with four digits, in units of 1024 bytes. */
export function goBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}

/** A length of time in nanoseconds, as `48h0m0s`. */
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

/** A time in UTC, as `2026-11-29 01:40:33 +0000 UTC`. */
export function goTime(date: Date): string {
  return date.toISOString().replace("T", " ").replace(/\..*$/, " +0000 UTC");
}

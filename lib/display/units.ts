const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A number of bytes in readable form, such as `1.50MB`; 1 kB is 1000 B. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${UNITS[unit]}`;
}

/**
 * The progress of a transfer, such as `1.50MB / 3.00MB`; empty if nothing is
 * known.
 */
export function formatProgress(
  current: number,
  total: number | undefined,
): string {
  if (total) return `${formatBytes(current)} / ${formatBytes(total)}`;
  return current === 0 ? "" : formatBytes(current);
}

/** A duration in seconds, with one decimal. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A number of bytes for people, such as `1.50MB`; 1000 B are a kB. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${UNITS[unit]}`;
}

/** How far a transfer is, such as `1.50MB / 3.00MB`; empty if nothing is known. */
export function formatProgress(
  current: number,
  total: number | undefined,
): string {
  if (total) return `${formatBytes(current)} / ${formatBytes(total)}`;
  return current === 0 ? "" : formatBytes(current);
}

/** Seconds with one decimal. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

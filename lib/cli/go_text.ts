// Texts as programs in Go write them.

/**
 * Columns as Go's `text/tabwriter` aligns them: cells end with a tab, and a
 * column goes on as long as one line after the other has it.
 *
 * @param minWidth The least width of a column.
 * @param padding Blanks behind its widest cell.
 */
export function alignColumns(
  lines: readonly string[],
  minWidth: number,
  padding: number,
): string[] {
  const cells = lines.map((line) => line.split("\t"));
  const widths = cells.map((): number[] => []);
  const align = (start: number, end: number, column: number) => {
    for (let from = start; from < end; from++) {
      if (column >= cells[from]!.length - 1) continue;
      let to = from;
      let width = minWidth;
      while (to < end && column < cells[to]!.length - 1) {
        width = Math.max(width, cells[to]![column]!.length + padding);
        to++;
      }
      for (let line = from; line < to; line++) widths[line]![column] = width;
      align(from, to, column + 1);
      from = to;
    }
  };
  align(0, lines.length, 0);
  return cells.map((row, line) =>
    row.map((cell, column) => cell.padEnd(widths[line]![column] ?? 0)).join("")
  );
}

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

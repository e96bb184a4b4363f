import { type LineRange, linesOf } from "./dockerfile.ts";

const RULER = "--------------------";

/**
 * The lines of a file around a place, as buildx prints them:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM alpine
 *        2 | >>> RUN false
 *     --------------------
 *
 * @param isMarked Which of the place's lines are marked; all by default.
 * @returns The lines, without a line end after the last one; empty if the place
 * is not in the file.
 */
export function formatExcerpt(
  text: string,
  range: LineRange,
  filename: string = "Dockerfile",
  isMarked: (line: number) => boolean = () => true,
): string {
  const lines = linesOf(text);
  const { start } = range;
  if (start < 1 || start > lines.length) return "";
  const end = Math.min(Math.max(start, range.end), lines.length);
  // Two lines before and after a single line, otherwise one.
  const around = start === end ? 2 : 1;
  const shown: string[] = [];
  const first = Math.max(1, start - around);
  const last = Math.min(lines.length, end + around);
  for (let number = first; number <= last; number++) {
    const isPlace = number >= start && number <= end;
    const mark = isPlace && isMarked(number) ? ">>>" : "   ";
    shown.push(
      ` ${String(number).padStart(3)} | ${mark} ${lines[number - 1]}`,
    );
  }
  return [`${filename}:${start}`, RULER, ...shown, RULER].join("\n");
}

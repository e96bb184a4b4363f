// Places in a Dockerfile, as the answers of a frontend have them.

import { checkFields } from "../../engine/fields.ts";
import { type LineRange, linesOf } from "../../progress/dockerfile.ts";
import { formatExcerpt } from "../../progress/excerpt.ts";
import type { DockerfilePlace } from "./answers.ts";

/** A place as the answers have it. */
interface Location {
  /** Which of the sources; 0 is not written. */
  readonly sourceIndex?: number;
  readonly ranges?: readonly object[] | null;
}

/**
 * The name under which a file is shown, by the name that the frontend has for
 * it, which is only the last part of its path, and by its text.
 */
export type FileNames = (file: string, text: string) => string;

/** A file of the answer. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Finds a place in the sources. */
export type Places = (location: object | null | undefined) =>
  | DockerfilePlace
  | undefined;

/**
 * Reads places in the files of an answer.
 *
 * @param what What the answer is, for errors.
 */
export function placesIn(
  sources: readonly Source[],
  nameOf: FileNames,
  what: string,
): Places {
  return (location) => {
    if (!location) return undefined;
    const { sourceIndex = 0, ranges } = checkFields<Location>(
      location as Location,
      { sourceIndex: "number", ranges: "objects" },
      what,
    );
    const source = sources[sourceIndex];
    const lines = (ranges ?? []).flatMap((range) => rangeOf(range, what));
    if (source === undefined || lines.length === 0) return undefined;
    const { text } = source;
    const file = nameOf(source.file, text);
    const start = Math.min(...lines.map(({ start }) => start));
    const end = Math.max(...lines.map(({ end }) => end));
    return {
      file,
      ranges: lines,
      lines: linesOf(text).slice(start - 1, end),
      excerpt: formatExcerpt(
        text,
        { start, end },
        file,
        (line) => lines.some(({ start, end }) => start <= line && line <= end),
      ),
    };
  };
}

/** The lines of a range; none if it has no first line. */
function rangeOf(range: object, what: string): LineRange[] {
  const { start, end } = checkFields<
    { readonly start?: object; readonly end?: object }
  >(range, { start: "object", end: "object" }, what);
  const first = lineOf(start, what);
  const last = lineOf(end, what) ?? first;
  return first === undefined || last === undefined || last < first
    ? []
    : [{ start: first, end: last }];
}

function lineOf(position: object | undefined, what: string) {
  const { line } = checkFields<{ readonly line?: number }>(
    position ?? {},
    { line: "number" },
    what,
  );
  return line !== undefined && line >= 1 ? line : undefined;
}

import { type Change, changesOf, type Kind } from "./kinds.ts";
import { findFiles } from "./covering.ts";

/** One single change of a file. */
export interface Mutant {
  /** The file, from the checkout on. */
  readonly file: string;
  /** The line of the change, from 1 on. */
  readonly line: number;
  /** What that line is, without its indent. */
  readonly text: string;
  /** Which kind of change it is. */
  readonly kind: Kind;
  /** What stands in the place of what, for people. */
  readonly change: string;
  /** The change itself, by its place in the file. */
  readonly piece: Change;
  /** The file as it is, and with the change. */
  readonly source: string;
  readonly changed: string;
}

/** What is no code of ours, and needs no test of ours. */
const LEFT_OUT = /^lib\/(proto\/gen|std)\//;

/**
 * Every mutant of the rooms and files that are named; of all, if none is.
 *
 * @param places Such as `http2` or `lib/http2/stream.ts`.
 * @throws {Error} If a place has nothing to change.
 */
export async function allMutants(
  root: string,
  places: readonly string[],
): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  const prefixes = places.map((place) =>
    place.startsWith("lib/") ? place : `lib/${place}/`
  );
  for await (const path of findFiles(`${root}/lib`, /\.ts$/)) {
    const file = path.slice(root.length + 1);
    const wanted = prefixes.length === 0 ||
      prefixes.some((prefix) => file.startsWith(prefix));
    if (!wanted || LEFT_OUT.test(file) || file.endsWith(".d.ts")) continue;
    mutants.push(...mutantsOf(file, await Deno.readTextFile(path)));
  }
  for (const prefix of prefixes) {
    if (mutants.some(({ file }) => file.startsWith(prefix))) continue;
    throw new Error(`Nothing to change in ${prefix}`);
  }
  return mutants.sort((a, b) => a.file < b.file ? -1 : 1);
}

function mutantsOf(file: string, source: string): Mutant[] {
  return changesOf(source).map((piece) => {
    const { kind, start, end, text } = piece;
    const line = source.slice(0, start).split("\n").length;
    const before = source.slice(start, end).split("\n")[0]!;
    return {
      file,
      line,
      text: source.split("\n")[line - 1]!.trim(),
      kind,
      piece,
      change: `${before} → ${text === "" ? "nothing" : text.split("\n")[0]}`,
      source,
      changed: source.slice(0, start) + text + source.slice(end),
    };
  });
}

/**
 * A sample that the seed alone decides: the same from the same checkout.
 *
 * @param count How many; all, if there are no more.
 */
export function sample(
  mutants: readonly Mutant[],
  count: number,
  seed: number,
): Mutant[] {
  const left = [...mutants];
  const random = numbers(seed);
  const taken: Mutant[] = [];
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return taken;
}

/** Numbers from 0 to below 1, by mulberry32. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

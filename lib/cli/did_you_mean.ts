// @ts-types="../std/levenshtein_distance.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** Large enough for two swapped letters, which count as two changes. */
const MAX_DISTANCE = 2;

/**
 * The text to append to a message about an unknown word: the known word that is
 * probably meant; empty if none is close enough.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const distances = known.map((each) => ({
    each,
    distance: levenshteinDistance(word.toLowerCase(), each),
  })).sort((a, b) => a.distance - b.distance);
  const [nearest] = distances;
  const isNear = nearest !== undefined && nearest.distance <= MAX_DISTANCE &&
    nearest.distance <= word.length / 2;
  const found = isNear
    ? nearest.each
    : known.find((each) => word.length > 1 && each.startsWith(word));
  return found === undefined ? "" : `; did you mean ${found}?`;
}

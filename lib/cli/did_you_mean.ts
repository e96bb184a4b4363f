// @ts-types="../std/levenshtein_distance.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/** Two letters that changed places are as far apart as two wrong ones. */
const MAX_DISTANCE = 2;

/**
 * What to put behind the sentence on an unknown word: the known one that it
 * may be meant for, or nothing.
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

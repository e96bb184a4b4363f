/** Types of `@std/text/levenshtein-distance`, whose npm form carries none: what is used here. */

/** How many letters must be added, taken away or replaced to make one text of another. */
export function levenshteinDistance(one: string, other: string): number;

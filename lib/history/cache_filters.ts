import { parseGoDuration } from "../gotext/time.ts";

/** Filters by their names, as those of `buildPrune()`; one value each. */
export type BuildCacheFilters = Readonly<Record<string, readonly string[]>>;

/** Filters in BuildKit's words. */
export interface CacheFilters {
  /** Containerd's filters; one for all, since several mean "one of them". */
  readonly filter: readonly string[];
  /** Nanoseconds; what was used within them is left out. */
  readonly age: number;
}

/** What is compared with a value. */
const TEXTS: readonly string[] = ["description", "id", "parents", "type"];
/** What a record is, or is not. */
const FLAGS: readonly string[] = [
  "immutable",
  "inuse",
  "mutable",
  "private",
  "shared",
];

/** Older names of filters. */
const SAME: Readonly<Record<string, string>> = {
  parent: "parents",
  "unused-for": "until",
};

/**
 * Reads filters in the words of `docker buildx du|prune --filter`.
 *
 * A name may end in `~` or `!`, as in `description~=PATTERN`: then the value is
 * a regular expression, or one that a record must not have; `id` always is a
 * regular expression.
 *
 * @param what What is asked for, such as `prune`, for errors.
 * @throws {TypeError} If a filter is unknown, or its value is none.
 */
export function cacheFilters(
  what: string,
  filters: BuildCacheFilters,
): CacheFilters {
  let age: number | undefined;
  const parts: string[] = [];
  for (const [given, values] of Object.entries(filters)) {
    const [, key = "", sign = ""] = /^(.*?)([~!]?)$/.exec(given) ?? [];
    const name = SAME[key] ?? key;
    const refuse = (why: string) =>
      new TypeError(`Cannot ${what}: filter ${JSON.stringify(given)} ${why}`);
    const areTexts = Array.isArray(values) &&
      values.every((value) => typeof value === "string");
    if (!areTexts) throw refuse("takes an array of one text");
    if (values.length > 1) throw refuse("takes one value");
    const [value = ""] = values;
    if (name === "until" && sign === "") {
      const nanos = parseGoDuration(value);
      if (nanos === undefined) throw refuse("expects a duration, as 24h");
      if (age !== undefined) throw refuse('stands beside "until"');
      age = nanos;
    } else if (FLAGS.includes(name) && sign === "") {
      // As "inuse==true" it would match nothing.
      if (!["", "1", "true"].includes(value)) throw refuse("takes only true");
      parts.push(name);
    } else if (TEXTS.includes(name)) {
      const operator = sign === "!"
        ? "!="
        : sign === "~" || name === "id"
        ? "~="
        : "==";
      parts.push(`${name}${operator}${quoted(value)}`);
    } else {
      throw refuse(
        `is none of ${["until", ...TEXTS, ...FLAGS].join(", ")}`,
      );
    }
  }
  return { filter: [parts.join(",")], age: age ?? 0 };
}

/** A value of containerd's filters; one with other characters is in quotes. */
function quoted(value: string): string {
  return /^[\w.]+$/.test(value) ? value : JSON.stringify(value);
}

import type { HistoryRecordMessage } from "../proto/history.ts";
import { parseGoDuration } from "../gotext/time.ts";
import { statusOf } from "./record.ts";
import { isRemote } from "./build_name.ts";

/** Whether a record fits. */
type Matcher = (record: HistoryRecordMessage) => boolean;

const PARTS_REGEXP = /^([^!<>=]*)(!=|<=|>=|=|<|>)(.*)$/s;

/**
 * Reads filters in the words of `docker buildx history ls --filter`; a record
 * has to fit all of them.
 *
 * BuildKit is not asked to filter: dockerd 28.5.2 ends itself when it filters
 * records of which one is marked as deleted.
 *
 * @param now The time that `24h` counts back from, in milliseconds.
 * @throws {TypeError} If a filter is none.
 */
export function historyFilters(
  filters: readonly string[],
  now: number,
): Matcher {
  const areTexts = Array.isArray(filters) &&
    filters.every((filter) => typeof filter === "string");
  if (!areTexts) {
    throw new TypeError(
      "Cannot list builds: filters is an array of texts, as status=error",
    );
  }
  const matchers = filters.map((filter) => matcherOf(filter, now));
  return (record) => matchers.every((fits) => fits(record));
}

function matcherOf(filter: string, now: number): Matcher {
  const [, key, sign, value = ""] = PARTS_REGEXP.exec(filter) ?? [];
  if (key === undefined || sign === undefined) {
    throw refused(filter, "expected KEY=VALUE, as status=error");
  }
  switch (key) {
    case "ref":
      return textMatcher(filter, sign, value, ({ ref }) => ref);
    case "repository":
      return textMatcher(filter, sign, value, repositoryOf);
    case "status":
      return textMatcher(filter, sign, value, statusOf, "whole");
    case "startedAt":
      return orderMatcher(
        filter,
        sign,
        timeOf(filter, value, now),
        ({ createdAt }) => createdAt?.seconds ?? 0,
      );
    case "completedAt":
      return orderMatcher(
        filter,
        sign,
        timeOf(filter, value, now),
        ({ completedAt }) => completedAt?.seconds ?? 0,
      );
    case "duration": {
      const limit = parseGoDuration(value);
      if (limit === undefined) {
        throw refused(
          filter,
          `${JSON.stringify(value)} is no duration, as 90s`,
        );
      }
      return orderMatcher(filter, sign, limit, nanosBetween);
    }
    default:
      throw refused(
        filter,
        "it begins with none of ref, repository, status, startedAt, completedAt and duration",
      );
  }
}

function textMatcher(
  filter: string,
  sign: string,
  value: string,
  read: (record: HistoryRecordMessage) => string,
  how: "part" | "whole" = "part",
): Matcher {
  if (sign === "!=") return (record) => read(record) !== value;
  if (sign !== "=") throw refused(filter, "expected = or !=");
  return how === "whole"
    ? (record) => read(record) === value
    : (record) => read(record).includes(value);
}

function orderMatcher(
  filter: string,
  sign: string,
  limit: number,
  read: (record: HistoryRecordMessage) => number,
): Matcher {
  switch (sign) {
    case ">=":
      return (record) => read(record) >= limit;
    case "<=":
      return (record) => read(record) <= limit;
    case ">":
      return (record) => read(record) > limit;
    case "<":
      return (record) => read(record) < limit;
    default:
      throw refused(filter, "expected <, <=, > or >=");
  }
}

/** A time in seconds since 1970: RFC 3339, or a duration before now. */
function timeOf(filter: string, value: string, now: number): number {
  const before = parseGoDuration(value);
  const time = before === undefined ? timeIn(value) : now - before / 1e6;
  if (Number.isNaN(time)) {
    throw refused(
      filter,
      `${JSON.stringify(value)} is no time, as 24h or 2025-12-31T12:00:00Z`,
    );
  }
  return Math.floor(time / 1000);
}

function timeIn(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
      .test(text)
    ? Date.parse(text)
    : NaN;
}

function nanosBetween(
  { createdAt, completedAt }: HistoryRecordMessage,
): number {
  if (createdAt === undefined || completedAt === undefined) return 0;
  return (completedAt.seconds - createdAt.seconds) * 1e9 +
    completedAt.nanos - createdAt.nanos;
}

/** The repository that was built, as buildx reads it out of a record. */
function repositoryOf({ frontendAttrs }: HistoryRecordMessage): string {
  const source = frontendAttrs.get("vcs:source");
  if (source !== undefined) return source;
  const context = frontendAttrs.get("context") ?? "";
  if (!isRemote(context)) return "";
  const [address = ""] = context.split(/[#?]/);
  return address.startsWith("github.com/") ? `https://${address}` : address;
}

function refused(filter: string, why: string): TypeError {
  return new TypeError(
    `Cannot list builds: filter ${JSON.stringify(filter)}: ${why}`,
  );
}

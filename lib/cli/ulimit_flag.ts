import type { Ulimit } from "../imagebuild/options.ts";
import { FlagError } from "./exit.ts";

/** The names of the limits that Linux has. */
const NAMES = [
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/**
 * Reads a limit as docker does: `nofile=1024:2048`, or one number for both; -1
 * means unlimited.
 *
 * @throws {FlagError} If the text is not a limit.
 */
export function parseUlimit(text: string): Ulimit {
  const [, name = "", soft, hard = soft] =
    /^([a-z]+)=(-1|\+?\d+)(?::(-1|\+?\d+))?$/.exec(text) ?? [];
  if (!NAMES.includes(name) || soft === undefined) {
    throw new FlagError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--ulimit": expected NAME=SOFT[:HARD], as nofile=1024:2048`,
    );
  }
  if (hard !== "-1" && (soft === "-1" || Number(soft) > Number(hard))) {
    throw new FlagError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--ulimit": the soft limit is above the hard one`,
    );
  }
  return { name, soft: Number(soft), hard: Number(hard) };
}

/**
 * All limits of a command line; where a name is given several times the last
 * one counts, as in docker.
 *
 * @throws {FlagError} If a word is not a limit.
 */
export function parseUlimits(words: readonly string[]): Ulimit[] {
  const limits = words.map(parseUlimit);
  return [...new Map(limits.map((limit) => [limit.name, limit])).values()];
}

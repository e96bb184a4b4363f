import type { Ulimit } from "../imagebuild/options.ts";
import { FlagError } from "./exit.ts";

/** The limits that Linux has. */
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
 * A limit as docker reads it: `nofile=1024:2048`, or one number for both; -1
 * for none.
 *
 * @throws {FlagError} If it is none.
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
 * All limits of a command line; of several of one name the last one counts, as
 * in docker.
 *
 * @throws {FlagError} If one is none.
 */
export function parseUlimits(words: readonly string[]): Ulimit[] {
  const limits = words.map(parseUlimit);
  return [...new Map(limits.map((limit) => [limit.name, limit])).values()];
}

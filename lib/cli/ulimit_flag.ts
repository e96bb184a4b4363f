import type { Ulimit } from "../build/options.ts";
import { UsageError } from "./exit.ts";

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
 * @throws {UsageError} If it is none.
 */
export function parseUlimit(text: string): Ulimit {
  const [, name = "", soft, hard = soft] =
    /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (!NAMES.includes(name) || soft === undefined) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--ulimit": expected NAME=SOFT[:HARD], as nofile=1024:2048`,
    );
  }
  if (hard !== "-1" && (soft === "-1" || Number(soft) > Number(hard))) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--ulimit": the soft limit is above the hard one`,
    );
  }
  return { name, soft: Number(soft), hard: Number(hard) };
}

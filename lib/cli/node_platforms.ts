import { printable } from "../display/printable.ts";
import {
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  type Platform,
} from "../platforms/platform.ts";
import type { ShownNode } from "./shown_builder.ts";

/** Processors that are named before others, in this order. */
const MAIN = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm",
  "linux/ppc64le",
  "linux/s390x",
  "linux/riscv64",
  "linux/mips64",
];

/** How many kinds of processors a table names. */
const MAX_KINDS = 4;

/** The platforms of a node, marked where its file names them. */
export function platformsOf(
  { node, workers, platforms }: Pick<
    ShownNode,
    "node" | "workers" | "platforms"
  >,
): string[] {
  const own = (node.platforms ?? []).map(spelled);
  const all = platforms?.map(spelled) ??
    workers.flatMap(({ platforms }) => platforms.map(spelledWord));
  const marked = new Set(own);
  return [
    ...[...marked].map((platform) => `${platform}*`),
    ...[...new Set(all)].filter((platform) => !marked.has(platform)),
  ];
}

function spelled(platform: Platform): string {
  return formatPlatform(normalizePlatform(platform));
}

/** The same for what a daemon tells, which may be none. */
function spelledWord(text: string): string {
  try {
    return spelled(parsePlatform(text));
  } catch (error) {
    if (error instanceof TypeError) return printable(text);
    throw error;
  }
}

/** Some of the platforms, one for each processor, and how many there are. */
export function shortened(platforms: readonly string[]): string {
  const kinds = new Map<string, string[]>();
  const kindOf = (platform: string) =>
    platform.replace("*", "").split("/").slice(0, 2).join("/");
  const mains = platforms.filter((each) => MAIN.includes(kindOf(each)));
  mains.sort((a, b) => MAIN.indexOf(kindOf(a)) - MAIN.indexOf(kindOf(b)));
  const others = platforms.filter((each) => !MAIN.includes(kindOf(each)));
  others.sort((a, b) => kindOf(a) < kindOf(b) ? -1 : 1);
  for (const platform of [...mains, ...others]) {
    const kind = kindOf(platform);
    if (!kinds.has(kind) && kinds.size >= MAX_KINDS) continue;
    kinds.set(kind, [...kinds.get(kind) ?? [], platform]);
  }
  const shown = [...kinds].map(([kind, all]) => {
    if (all.length === 1) return all[0]!;
    const mark = all.some((each) => each.endsWith("*")) ? "*" : "";
    return `${kind}${mark} (+${all.length})`;
  });
  const left = platforms.length -
    [...kinds.values()].reduce((sum, all) => sum + all.length, 0);
  return [...shown, ...left > 0 ? [`(${left} more)`] : []].join(", ");
}

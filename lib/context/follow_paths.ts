import type { MemoryFiles } from "./memory_files.ts";
import { PatternMatcher } from "./pattern_matcher.ts";
import type { PausedWork } from "./pauses.ts";

/** How many links are followed from one path, so that links in a circle end. */
const MAX_LINKS = 255;

/**
 * Finds the paths that must be sent so that the given ones can be resolved by
 * the receiver: each path itself, every link on the way to it, and the targets
 * of the links. Links that lead out of the folder end at its root, as in a
 * chroot.
 *
 * A part of a path may be a pattern (`*.go`, `a?`); then every link that it
 * matches is followed, and the pattern itself is among the results.
 *
 * @param root The folder, with a `/` at its end; undefined if there is none.
 * @param files Files in memory that lie over the folder.
 * @returns Include patterns; undefined if the whole folder is needed.
 */
export function* followPaths(
  root: string | undefined,
  paths: readonly string[],
  files?: MemoryFiles,
): PausedWork<string[] | undefined> {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const path of paths) yield* follow(path, 0);
  return found.has("") ? undefined : [...found].sort();

  function* follow(path: string, links: number): PausedWork<void> {
    const parts = cleanParts(path);
    if (links > MAX_LINKS || seen.has(parts.join("/"))) return;
    seen.add(parts.join("/"));
    let current = "";
    for (const [index, part] of parts.entries()) {
      current = current === "" ? part : `${current}/${part}`;
      const rest = parts.slice(index + 1);
      const targets = yield* targetsOf(current, part);
      if (targets.length === 0) continue;
      found.add(current);
      for (const target of targets) {
        yield* follow([target, ...rest].join("/"), links + 1);
      }
      return;
    }
    found.add(current);
  }

  /**
   * The target of the link at a path, or the targets of all links that a
   * pattern matches; empty if there is no link.
   */
  function* targetsOf(path: string, name: string): PausedWork<string[]> {
    const folder = path.slice(0, path.length - name.length);
    if (!isPattern(name)) return targetOf(folder, name);
    const matcher = new PatternMatcher([name.replaceAll(/\*+/g, "*")]);
    const targets: string[] = [];
    for (const link of linksIn(folder)) {
      const { matched } = yield* matcher.steps(link, matcher.root);
      if (matched) targets.push(...targetOf(folder, link));
    }
    return targets;
  }

  function targetOf(folder: string, name: string): string[] {
    const path = folder + name;
    const above = files?.linkAt(path);
    const target = above === undefined && root !== undefined
      ? readLink(root + path)
      : above;
    if (typeof target !== "string") return [];
    return [target.startsWith("/") ? target : `${folder}${target}`];
  }

  function linksIn(folder: string): string[] {
    const above = files?.linksIn(folder) ?? [];
    try {
      const below = root === undefined
        ? []
        : [...Deno.readDirSync(root + folder)]
          .filter((entry) => entry.isSymlink).map((entry) => entry.name)
          .filter((name) => files?.linkAt(folder + name) === undefined);
      return [...above, ...below];
    } catch {
      return above; // no folder there: the build says so, if it matters
    }
  }
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined; // no link there, or nothing at all
  }
}

/** The parts of a path: `.` is left out, and `..` can't go above the root. */
function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** Whether a name has a `*`, `?` or `[` without a backslash before it. */
function isPattern(name: string): boolean {
  return /[*?[]/.test(name.replaceAll(/\\./gs, ""));
}

// Caches of several nodes. Each writes one of its own: BuildKit writes a cache
// as a whole, so that the last node would replace those of the others.

import type { SolveEntry } from "../../buildkit/solve_request.ts";
import { cannotBuildWith } from "../cannot_build_with.ts";
import type { OpenedCaches } from "../caches.ts";
import type { OwnWarning } from "../fact.ts";

/** The attribute that tells two caches of a kind apart. */
const PLACES: Readonly<Record<string, string>> = {
  registry: "ref",
  gha: "scope",
  s3: "name",
  azblob: "name",
};

/** BuildKit's names where none is given. */
const DEFAULTS: Readonly<Record<string, string>> = {
  scope: "buildkit",
  name: "buildkit",
};

/**
 * The caches of one node: those that are written have the node's name behind
 * their own, and of those that are read the node's own comes first.
 *
 * @throws {UnsupportedError} If a cache can't be several.
 */
export function nodeCaches(
  caches: OpenedCaches,
  node: string,
): OpenedCaches {
  if (caches.local.length > 0) {
    throw cannotBuildWith(
      "cacheto",
      "several nodes build for these platforms, and would write to one folder; take type registry, or build for the platforms of one node",
    );
  }
  return {
    ...caches,
    exports: caches.exports.map((entry) => ownOf(entry, node) ?? entry),
    imports: caches.imports.flatMap((entry) => {
      const own = ownOf(entry, node);
      return own === undefined ? [entry] : [own, entry];
    }),
  };
}

/** The warning of a cache that could not be read. */
const IMPORT_FAILED = "cache-import-failed";

/**
 * Holds back the warnings of caches that could not be read: of two caches that
 * stand for one, it is enough that one is there.
 */
export class ImportWarnings {
  readonly #held = new Map<string, OwnWarning>();
  readonly #node: string;
  readonly #warn: (...warning: OwnWarning) => void;

  /** @param warn Reports a warning. */
  constructor(node: string, warn: (...warning: OwnWarning) => void) {
    this.#node = node;
    this.#warn = warn;
  }

  /** Reports a warning, now or later. */
  warn(...warning: OwnWarning): void {
    const [code, , place = ""] = warning;
    if (code === IMPORT_FAILED) this.#held.set(place, warning);
    else this.#warn(...warning);
  }

  /** Reports what is left: the caches of which neither was there. */
  end(caches: OpenedCaches): void {
    const own = new Map(
      caches.imports.map((entry) => [
        placeIn(entry),
        placeIn(ownOf(entry, this.#node) ?? entry),
      ]),
    );
    for (const [place, warning] of this.#held) {
      const isOwn = [...own.values()].includes(place) && !own.has(place);
      const other = own.get(place);
      if (isOwn || other !== undefined && !this.#held.has(other)) continue;
      this.#warn(...warning);
    }
    this.#held.clear();
  }
}

/** Where a cache is, as warnings name it. */
function placeIn({ type, attrs }: SolveEntry): string {
  return attrs[PLACES[type] ?? ""] ?? type;
}

/** The node's own of a cache; undefined where it has no place of its own. */
function ownOf(
  { type, attrs }: SolveEntry,
  node: string,
): SolveEntry | undefined {
  const word = Object.hasOwn(PLACES, type) ? PLACES[type]! : undefined;
  const place = word && (attrs[word] ?? DEFAULTS[word]);
  if (word === undefined || place === undefined || place.includes("@")) {
    return undefined;
  }
  const last = place.slice(place.lastIndexOf("/") + 1);
  const tagged = word === "ref" && !last.includes(":")
    ? `${place}:latest`
    : place;
  return { type, attrs: { ...attrs, [word]: `${tagged}-${node}` } };
}

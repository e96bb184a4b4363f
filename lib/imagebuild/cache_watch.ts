// What BuildKit's log says of the caches of a build. It has no records of its
// own for them: their steps are known by their names (`solver/llbsolver`), and
// those that write, also by their digests.

import type { SolveEntry } from "../buildkit/solve_request.ts";
import type { FailedCache } from "../errors.ts";
import type { CacheEvent } from "../progress/event.ts";
import type { SolveStatus, Vertex } from "../progress/solve_status.ts";
import type { OwnWarning } from "./fact.ts";
import { sha256 } from "../streams/sha256.ts";

/** The step that reads a cache, with what it reads. */
const IMPORT_REGEXP = /^importing cache manifest from (.+)$/s;

/** The steps that write a cache, with the kind that they write. */
const EXPORTS: Readonly<Record<string, string>> = {
  // 20.10 writes no other.
  "exporting cache": "inline",
  "exporting cache to registry": "registry",
  "exporting cache to client directory": "local",
  "exporting to GitHub Actions Cache": "gha",
  "exporting cache to Amazon S3": "s3",
  "exporting cache to Azure Blob Storage": "azblob",
};

/** What the step says that writes the image, once the cache is in it. */
const INLINE = "preparing layers for inline cache";

/** What a step says of the manifest that it writes. */
const MANIFEST_REGEXP =
  /^writing cache (?:image )?manifest (sha256:[0-9a-f]{64})$/;

/** The caches that a build was asked for, as far as they are named. */
export interface WatchedCaches {
  /** Those that are read. */
  readonly imports: readonly SolveEntry[];
  /** Those that are written. */
  readonly exports: readonly SolveEntry[];
}

/** A cache that could not be opened, and that the engine is not told of. */
export interface UnopenedCache {
  /** Whether it was to be read or written. */
  readonly action: CacheEvent["action"];
  /** Its kind. */
  readonly kind: string;
  /** Where it is. */
  readonly place: string;
  /** Why. */
  readonly error: string;
}

/** What is told of what becomes of caches: a build's record. */
export interface CacheReports {
  /** Reports an event. */
  tell(event: CacheEvent): void;
  /** Reports a warning. */
  warn(...warning: OwnWarning): void;
  /** Masks a text. */
  text(text: string): string;
}

/** Reports to the record what becomes of the caches of one build. */
export class CacheWatch {
  /** What was reported, in its order. */
  readonly seen: CacheEvent[] = [];
  /** How many of them the engine was not told of; they come first. */
  #unopened = 0;
  readonly #caches: WatchedCaches;
  readonly #record: CacheReports;
  /** Exports by the digests of their steps. */
  readonly #exports = new Map<string, SolveEntry>();
  /** Digests of manifests, by the digests of the steps that wrote them. */
  readonly #manifests = new Map<string, string>();
  /** Digests of the steps that were reported. */
  readonly #told = new Set<string>();

  /**
   * @param caches The caches of the request.
   * @param record Told of each one.
   */
  constructor(
    caches: WatchedCaches,
    record: CacheReports,
  ) {
    this.#caches = caches;
    this.#record = record;
  }

  /**
   * Tells two caches of one kind apart: BuildKit makes the digest of such a step
   * of the session's id and of the cache's place in the list
   * (`runCacheExporters`).
   */
  async expect(session: string): Promise<void> {
    for (const [index, entry] of this.#written().entries()) {
      const hash = await sha256(`${session}-cache-${index}`);
      this.#exports.set(`sha256:${hash}`, entry);
    }
  }

  /** Reports a cache that could not be opened, with a warning. */
  tellUnopened({ action, kind, place, error }: UnopenedCache): void {
    this.#tell(`${kind} ${place}`, { action, kind, place, error });
    this.#unopened++;
    this.#record.warn(
      `cache-${action}-failed`,
      action === "import"
        ? `the cache ${
          nameOf(kind, place)
        } could not be read, and is not used: ${error}`
        : `the cache ${nameOf(kind, place)} could not be written: ${error}`,
      place,
    );
  }

  /** Reads the next part of the log. */
  read({ vertexes, statuses }: SolveStatus): void {
    for (const { id, vertex, completed } of statuses) {
      const manifest = MANIFEST_REGEXP.exec(id)?.[1];
      if (manifest !== undefined) this.#manifests.set(vertex, manifest);
      if (id === INLINE && completed !== undefined) {
        this.#tell(vertex, { action: "export", kind: "inline" });
      }
    }
    for (const vertex of vertexes) {
      if (vertex.completed === undefined && vertex.error === "") continue;
      const from = IMPORT_REGEXP.exec(vertex.name)?.[1];
      if (from !== undefined) this.#tellImport(vertex, from);
      else this.#tellExport(vertex);
    }
  }

  /**
   * Warns of caches that were to be written and were not, in a build that went
   * well: their errors were to be ignored.
   */
  warnOfExports(): void {
    for (const { action, kind, place, error } of this.#logged()) {
      if (action === "import" || error === undefined) continue;
      this.#record.warn(
        "cache-export-failed",
        `the cache ${nameOf(kind, place)} could not be written: ${error}`,
        place ?? kind,
      );
    }
  }

  /**
   * The cache that could not be written, if that is what the engine's error is
   * about.
   */
  failedIn(detail: string): FailedCache | undefined {
    const failed = this.seen.find(({ action, error }) =>
      action === "export" && error !== undefined && detail.includes(error)
    );
    return failed && { kind: failed.kind, place: failed.place };
  }

  #tellImport({ digest, error }: Vertex, from: string): void {
    // Others than those in registries are named by their kind, and a number
    // that says nothing.
    const other = /^(\w+):\d+$/.exec(from)?.[1];
    const kind =
      this.#caches.imports.some(({ type, attrs }) =>
          type === other && attrs.ref === undefined
        )
        ? other!
        : "registry";
    const place = kind === "registry" ? from : this.#onlyPlace("imports", kind);
    const told = this.#tell(digest, { action: "import", kind, place, error });
    if (told?.error === undefined) return;
    this.#record.warn(
      "cache-import-failed",
      `the cache ${
        nameOf(told.kind, told.place)
      } could not be read, and is not used: ${told.error}`,
      told.place ?? kind,
    );
  }

  #tellExport({ digest, name, error }: Vertex): void {
    const entry = this.#exports.get(digest);
    const kind = entry?.type ??
      (Object.hasOwn(EXPORTS, name) ? EXPORTS[name] : undefined);
    if (kind === undefined) return;
    const place = entry === undefined
      ? this.#onlyPlace("exports", kind)
      : placeIn(entry);
    this.#tell(digest, { action: "export", kind, place, error });
  }

  /** Reports a cache once; undefined where it was. */
  #tell(
    vertex: string,
    { error = "", place, ...fields }:
      & Pick<CacheEvent, "action" | "kind">
      & { readonly place?: string | undefined; readonly error?: string },
  ): CacheEvent | undefined {
    const key = `${vertex} ${fields.action}`;
    if (this.#told.has(key)) return undefined;
    this.#told.add(key);
    const masked = (text: string | undefined) =>
      text && this.#record.text(text);
    const event: CacheEvent = {
      type: "cache",
      ...fields,
      place: masked(place),
      state: error === "" ? "done" : "failed",
      digest: error === "" ? this.#manifests.get(vertex) : undefined,
      error: masked(error) || undefined,
    };
    this.seen.push(event);
    this.#record.tell(event);
    return event;
  }

  /** The place of the only cache of a kind; undefined where there are several. */
  #onlyPlace(list: keyof WatchedCaches, kind: string): string | undefined {
    const [first, ...more] = this.#caches[list].filter(({ type }) =>
      type === kind
    );
    return first === undefined || more.length > 0 ? undefined : placeIn(first);
  }

  /** What BuildKit's log has said. */
  #logged(): readonly CacheEvent[] {
    return this.seen.slice(this.#unopened);
  }

  /** Those that have steps of their own. */
  #written(): readonly SolveEntry[] {
    return this.#caches.exports.filter(({ type }) => type !== "inline");
  }
}

/** Where a cache is, by the attribute that says so. */
function placeIn({ attrs, place }: SolveEntry): string | undefined {
  return place ?? attrs.ref ?? attrs.dest ?? attrs.src ?? attrs.bucket ??
    attrs.container ?? attrs.scope;
}

function nameOf(kind: string, place: string | undefined): string {
  return place === undefined ? kind : `${kind} ${place}`;
}

// Caches in folders of this machine, in OCI's image layout: opened before
// anything is sent to the engine, served to it over the session, and given
// their tags when the build has succeeded.

import type { SolveEntry } from "../buildkit/solve_request.ts";
import { ProtocolError } from "../errors.ts";
import {
  descriptorOf,
  type LayoutDescriptor,
  mediaTypeOf,
} from "../layout/index_file.ts";
import { LayoutError } from "../layout/layout_error.ts";
import type { LayoutFolder } from "../layout/layout_folder.ts";
import type { LayoutStores } from "../layout/layout_stores.ts";
import { DEFAULT_TAG, taggedDigest } from "../layout/tagged_digest.ts";
import type { UnopenedCache } from "./cache_watch.ts";
import type { RequestedCache } from "./checks/requested_cache.ts";
import type { BuildRecord } from "./record.ts";

/** The field of the engine's answer that tells of a cache that it has written. */
const MANIFEST = "cache.manifest";

/** A folder that a cache is written to. */
export interface LocalCache {
  /** The folder. */
  readonly folder: LayoutFolder;
  /** The cache's tag in it. */
  readonly tag: string;
  /** Whether blobs are removed that nothing names any more. */
  readonly prune: boolean;
  /** Whether a cache that can't be written is only a warning. */
  readonly ignoreError: boolean;
}

/**
 * Opens a folder for a cache that is written.
 *
 * @returns The cache, with the entry for the engine; or what is told of one that
 * can't be written, where that is to be ignored.
 * @throws {LayoutError} If it can't be written.
 */
export async function openLocalExport(
  stores: LayoutStores,
  { attrs }: Pick<RequestedCache, "attrs">,
): Promise<{ entry: SolveEntry; cache: LocalCache } | UnopenedCache> {
  const { dest, tag = DEFAULT_TAG, prune, ...sent } = attrs;
  const ignoreError = sent["ignore-error"] === "true";
  try {
    const { name, place } = storeOf(dest!);
    const folder = await stores.open(`local:${name}`, dest!, "write");
    return {
      entry: { type: "local", attrs: { dest: name, ...sent }, ...place },
      cache: { folder, tag, prune: prune === "true", ignoreError },
    };
  } catch (error) {
    if (!ignoreError || !(error instanceof LayoutError)) throw error;
    return unopened("export", dest!, error);
  }
}

/**
 * Opens a folder with a cache that is read.
 *
 * @returns The entry for the engine; or what is told where there is no such
 * cache: the build goes on without it.
 */
export async function openLocalImport(
  stores: LayoutStores,
  { attrs }: Pick<RequestedCache, "attrs">,
): Promise<SolveEntry | UnopenedCache> {
  const { src, tag = DEFAULT_TAG, digest } = attrs;
  try {
    const { name, place } = storeOf(src!);
    const folder = await stores.open(`local:${name}`, src!, "read");
    const found = digest ?? await taggedDigest(folder, tag);
    // For each one that is missing BuildKit would wait most of a minute.
    const [lost, ...more] = await folder.missing(found);
    if (lost !== undefined) {
      throw new LayoutError(
        folder.path,
        `it is not whole: ${
          more.length === 0
            ? `${lost} is missing`
            : `${lost} and ${more.length} more are missing`
        }`,
      );
    }
    return { type: "local", attrs: { src: name, digest: found }, ...place };
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    return unopened("import", src!, error);
  }
}

/**
 * The name of a folder's store: BuildKit asks for it in a header, which takes
 * only ASCII. It is the folder's path, or what no other path becomes.
 */
function storeOf(
  path: string,
): { name: string; place: Pick<SolveEntry, "place"> } {
  return /^[!-$&-~]+$/.test(path)
    ? { name: path, place: {} }
    : { name: encodeURI(path.toWellFormed()), place: { place: path } };
}

function unopened(
  action: UnopenedCache["action"],
  place: string,
  { message: error }: Error,
): UnopenedCache {
  return { action, kind: "local", place, error };
}

/**
 * Gives the caches that the engine has written their tags, and removes what
 * nothing names any more from those that are to be pruned.
 *
 * @param answer What the engine answered for the build: it names one cache, also
 * where several were written. What its log says of each is in the record.
 * @param served What kept davit from taking something of the engine.
 * @throws {LayoutError} If a folder can't be written.
 * @throws {ProtocolError} If the engine has written no cache.
 */
export async function tagLocalCaches(
  caches: readonly LocalCache[],
  answer: ReadonlyMap<string, string>,
  { record, served }: { record: BuildRecord; served: Error | undefined },
): Promise<void> {
  for (const { folder, tag, prune, ignoreError } of caches) {
    try {
      const seen = record.caches?.seen.find(({ action, kind, place }) =>
        action === "export" && kind === "local" && place === folder.path
      );
      // That is told already.
      if (ignoreError && seen?.error !== undefined) continue;
      const manifest = await manifestIn(
        folder,
        answer.get(MANIFEST),
        seen?.digest,
      );
      await folder.put(manifest, [{ tag }]);
      if (prune && await folder.collect() === undefined) {
        record.warn(
          "cache-not-pruned",
          `nothing was removed from the cache in ${
            JSON.stringify(folder.path)
          }: another build uses the folder, or this system can't tell`,
          folder.path,
        );
      }
    } catch (error) {
      const cause = error instanceof ProtocolError ? served ?? error : error;
      if (!ignoreError) throw cause;
      if (!(cause instanceof Error)) throw cause;
      record.warn(
        "cache-export-failed",
        `the cache local ${folder.path} could not be written: ${cause.message}`,
        folder.path,
      );
    }
  }
}

/**
 * The cache that the engine has written to a folder.
 *
 * @param text What the engine answered of one of its caches, as JSON.
 * @param digest What the engine's log says of this one.
 */
async function manifestIn(
  folder: LayoutFolder,
  text: string | undefined,
  digest: string | undefined,
): Promise<LayoutDescriptor> {
  const answered = descriptorOf(parsed(text));
  const isAnswered = digest === undefined || digest === answered?.digest;
  const found = isAnswered ? answered?.digest ?? "" : digest;
  const size = folder.info(found)?.size;
  if (size !== undefined) {
    if (isAnswered) return answered!;
    const mediaType = mediaTypeOf(await folder.text(found) ?? "");
    if (mediaType !== "") {
      return { mediaType, digest: found, size };
    }
  }
  throw new ProtocolError(
    `The engine ended the build without writing its cache to ${
      JSON.stringify(folder.path)
    }: look into its log`,
  );
}

/** What a text is as JSON; undefined if it is none. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

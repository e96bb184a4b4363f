import type { BuildContext } from "../imagebuild/context/source.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import { Changes } from "./changes.ts";
import { describeError } from "./describe_error.ts";
import { UsageError } from "./exit.ts";
import { ToldLines } from "./told_lines.ts";
import { FolderWatchers } from "./folder_watchers.ts";
import {
  WatchedContext,
  type WatchedResults,
  type WatchedSources,
} from "./watched_context.ts";
import { loadModule } from "./load_module.ts";

/** Options of a watch. */
export interface WatchOptions {
  /** The path of the context's folder, as the user gave it. */
  readonly folder: string;
  /** The same folder as the build's context, with its Dockerfile. */
  readonly context: BuildContext;
  /** Further contexts by their names, as the build has them. */
  readonly contexts?: WatchedSources["contexts"];
  /** The files and the output that the builds write. */
  readonly results: WatchedResults;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called with the outcome of each build, as text. */
  readonly tell: (text: string) => void;
  /** Builds once. */
  build(signal: AbortSignal): Promise<BuildResult>;
}

/**
 * Builds, and builds again whenever something in a context changes, until the
 * signal aborts.
 *
 * @throws {UsageError} If a folder was removed or replaced by another one.
 */
export async function watchBuilds(options: WatchOptions): Promise<void> {
  const { signal, folder, results } = options;
  const folders = [folder, ...await namedFolders(options)];
  const identities = new Map<string, string>();
  for (const path of folders) identities.set(path, await identityOf(path));
  const changes = new Changes();
  const log = new ToldLines();
  changes.isLog = (path) => log.endIn(path);
  using watchers = new FolderWatchers((paths) => changes.add(paths));
  const end = () => changes.end();
  signal.addEventListener("abort", end);
  try {
    let watched: WatchedContext | undefined;
    while (!signal.aborted) {
      for (const [path, identity] of identities) {
        if (await identityOf(path) === identity) continue;
        throw new UsageError(
          `the folder ${
            JSON.stringify(path)
          } is gone, or another one now: start --watch again`,
        );
      }
      // From here on each change leads to another build, also one that happens
      // while this build runs.
      changes.clear();
      watched = await look(options, results) ?? watched;
      if (watched !== undefined) {
        const now = watched;
        changes.matters = (path) => now.matters(path);
        watchers.watch(now.folders);
      } else {
        const trees = await Promise.all(
          folders.map((path) => Deno.realPath(path)),
        );
        watchers.watch({ trees, folders: [], optional: [] });
      }
      log.told(...await buildAndTell(options));
      if (!signal.aborted) await changes.next();
    }
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/**
 * Opens the context for the watch. Undefined where that fails: the build will
 * fail for the same reason and report it.
 */
async function look(
  sources: WatchedSources,
  results: WatchedResults,
): Promise<WatchedContext | undefined> {
  try {
    return await WatchedContext.open(sources, results);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return undefined;
  }
}

/** The paths of the folders among contexts by name, as the user gave them. */
async function namedFolders(
  { contexts }: WatchedSources,
): Promise<readonly string[]> {
  if (contexts === undefined) return [];
  const { namedSources } = await loadModule<
    typeof import("../imagebuild/context/named_source.ts")
  >("../imagebuild/context/named_source.ts");
  return [...namedSources(contexts).values()].flatMap((source) =>
    source.kind === "folder" && source.path !== undefined ? [source.path] : []
  );
}

/**
 * Identifies a folder by its device and inode, so that another folder with the
 * same path is noticed.
 */
async function identityOf(folder: string): Promise<string> {
  const info = await Deno.stat(folder).catch(() => undefined);
  return `${info?.dev}:${info?.ino}`;
}

/**
 * Builds once.
 *
 * @returns The texts that were printed about it, to either output.
 */
async function buildAndTell(
  { build, signal, tell: print }: WatchOptions,
): Promise<string[]> {
  const tell = (text: string) => {
    print(text);
    return text;
  };
  const began = performance.now();
  const time = new Date().toTimeString().slice(0, 8);
  const took = () => `${((performance.now() - began) / 1000).toFixed(2)} s`;
  try {
    const { imageId, context } = await build(signal);
    const { files, filesReused, bytesSent } = context;
    const sent = (files ?? 0) - filesReused;
    const text = tell(
      `${time} built ${
        imageId === "" ? "the output" : imageId.slice(0, "sha256:".length + 12)
      } in ${took()}: ${sent} of ${files ?? 0} files sent, ${bytesSent} bytes`,
    );
    // With --quiet the image id is what was printed.
    return imageId === "" ? [text] : [text, imageId];
  } catch (error) {
    if (signal.aborted) return [];
    return [
      tell(`${describeError(error, false)}\n${time} failed in ${took()}`),
    ];
  }
}

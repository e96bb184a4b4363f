import { type BuildStart, runImageBuild } from "../run.ts";
import { type BuiltFiles, builtFiles } from "./built_files.ts";
import { filesWay } from "./files_way.ts";
import type { ResultTree } from "./result_tree.ts";

/** A build that is open behind its last step. */
export interface OpenFiles {
  /**
   * Its files.
   *
   * @param end Called when they are closed.
   */
  files(end: () => Promise<void>): BuiltFiles;
  /** Says that nobody looks into it any more. */
  left(): void;
}

/**
 * Builds, and keeps the build open.
 *
 * @param onOpen Called when all steps have run and the secrets are accounted
 * for.
 * @returns Resolves when everything is closed.
 */
export async function runFiles(
  start: BuildStart,
  onOpen: (open: OpenFiles) => void,
): Promise<void> {
  let tree: ResultTree | undefined;
  await runImageBuild({
    ...start,
    // No image, so that nothing depends on the engine's store.
    options: { ...start.options, outputs: { type: "cacheonly" } },
    way: filesWay((built) => tree = built),
    async whileHeld(result) {
      const { promise, resolve } = Promise.withResolvers<void>();
      start.stop.addEventListener("abort", () => resolve());
      if (start.stop.aborted) resolve();
      onOpen({
        files: (end) => builtFiles(tree!, result, end), // the way has made it
        left: resolve,
      });
      await promise;
    },
  });
}

// @ts-types="../std/path.d.ts"
import { dirname } from "@std/path/posix/dirname";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
import { openOffer } from "../imagebuild/context/open_offer.ts";
import { type BuildContext, sourceOf } from "../imagebuild/context/source.ts";
import { isExportName } from "../context/export_name.ts";
import type { ContextFilter } from "../context/filter.ts";
import { UsageError } from "./exit.ts";
import type { WatchedFolders } from "./folder_watchers.ts";

/** What the builds write: a change of it must not start another build. */
export interface WatchedResults {
  /** Files that are written beside the build, such as that of `--iidfile`. */
  readonly files: readonly string[];
  /** The files and folders of the exports. */
  readonly outputs: readonly string[];
}

/** The context of a watched build: knows which paths can affect the build. */
export class WatchedContext {
  /** The context's real path. */
  readonly root: string;
  readonly #filter: ContextFilter;
  /**
   * The paths of the Dockerfile and the ignore files, inside or outside of the
   * context; for a link, also the path of its target.
   */
  readonly #sources: ReadonlySet<string>;
  readonly #results: ReadonlySet<string>;
  readonly #outputs: readonly string[];

  private constructor(
    root: string,
    filter: ContextFilter,
    sources: ReadonlySet<string>,
    results: ReadonlySet<string>,
    outputs: readonly string[],
  ) {
    this.root = root;
    this.#filter = filter;
    this.#sources = sources;
    this.#results = results;
    this.#outputs = outputs;
  }

  /**
   * Opens the context in the same way as the next build will.
   *
   * @throws {ContextError} If the folder, the Dockerfile or an ignore file
   * can't be read.
   * @throws {UsageError} If an output lies in the context: each build would send
   * that of the last one.
   */
  static async open(
    context: BuildContext,
    results: WatchedResults,
  ): Promise<WatchedContext> {
    const source = sourceOf(context);
    if (source.kind !== "folder") {
      throw new UsageError("--watch needs a folder as the context");
    }
    const offer = await openOffer(source);
    const filter = await offer.filter();
    const root = offer.root!;
    const { dockerfile = join(root, offer.dockerfile!.name) } = source;
    if (typeof dockerfile !== "string") {
      throw new UsageError("--watch needs a Dockerfile that is a file");
    }
    const outputs = await Promise.all(results.outputs.map(placeOf));
    const watched = new WatchedContext(
      root,
      filter,
      await sourcesOf(root, dockerfile),
      new Set(await Promise.all(results.files.map(placeOf))),
      outputs,
    );
    if (outputs.some((path) => path === root || watched.#takes(path))) {
      throw new UsageError(
        "--watch: an output lies in the context, and each build would take that of the last one; name it in .dockerignore, or choose another place",
      );
    }
    return watched;
  }

  /** The folders that must be watched to notice every change. */
  get folders(): WatchedFolders {
    const folders = [...this.#sources].map((path) => dirname(path))
      .filter((path) => !isIn(path, this.root));
    return {
      trees: [this.root],
      folders: [...new Set(folders)],
      // The parent folder: it shows that the context was renamed or replaced.
      optional: [dirname(this.root)],
    };
  }

  /** Whether a change of a path can change the build. */
  matters(path: string): boolean {
    if (this.#results.has(path)) return false;
    if (this.#outputs.some((output) => isIn(path, output))) return false;
    // An export's temporary file or folder, which is renamed when the build has
    // succeeded.
    if (path.split("/").some(isExportName)) return false;
    if (path === this.root || this.#sources.has(path)) return true;
    return this.#takes(path);
  }

  /** Whether a path is in the context, and not ignored. */
  #takes(path: string): boolean {
    if (path === this.root || !isIn(path, this.root)) return false;
    return this.#filter.keeps(
      path.slice(this.root.replace(/\/?$/, "/").length),
    );
  }
}

/** Whether a path is the folder itself, or below it. */
function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.replace(/\/?$/, "/"));
}

/**
 * All files in which the build may look for its Dockerfile and its ignore
 * rules.
 */
async function sourcesOf(
  root: string,
  dockerfile: string,
): Promise<ReadonlySet<string>> {
  const file = await placeOf(dockerfile);
  // Where both spellings exist, the build takes the one with the capital
  // letter.
  const names = [file, file.replace(/\/dockerfile$/, "/Dockerfile")];
  const found = new Set<string>();
  for (
    const path of [
      ...names,
      ...names.map((name) => `${name}.dockerignore`),
      join(root, ".dockerignore"),
    ]
  ) {
    found.add(path);
    const real = await Deno.realPath(path).catch(() => undefined);
    if (real !== undefined) found.add(real);
  }
  return found;
}

/**
 * A path in the form in which the watch reports it: links are resolved, except
 * in the last component.
 */
async function placeOf(path: string): Promise<string> {
  const whole = resolve(path);
  const folder = await Deno.realPath(dirname(whole)).catch(() =>
    dirname(whole)
  );
  return join(folder, whole.slice(whole.lastIndexOf("/") + 1));
}

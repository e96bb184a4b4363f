// @ts-types="../std/path.d.ts"
import { dirname } from "@std/path/posix/dirname";
// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
import { openOffer } from "../imagebuild/context/open_offer.ts";
import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { type BuildContext, sourceOf } from "../imagebuild/context/source.ts";
import { isExportName } from "../context/export_name.ts";
import type { ContextFilter } from "../context/filter.ts";
import { UsageError } from "./exit.ts";
import type { WatchedFolders } from "./folder_watchers.ts";
import { loadModule } from "./load_module.ts";

/** What the builds write: a change of it must not start another build. */
export interface WatchedResults {
  /** Files that are written beside the build, such as that of `--iidfile`. */
  readonly files: readonly string[];
  /** The files and folders of the exports. */
  readonly outputs: readonly string[];
}

/** What a watched build is made from. */
export interface WatchedSources {
  /** The main context, a folder. */
  readonly context: BuildContext;
  /** Further contexts, by their names. */
  readonly contexts?: ImageBuildOptions["contexts"];
}

/** One folder of which a build takes files. */
interface WatchedTree {
  /** Its real path. */
  readonly root: string;
  /** Decides which of its files the build takes. */
  readonly filter: ContextFilter;
}

/** The contexts of a watched build: knows which paths can affect the build. */
export class WatchedContext {
  /** The folders of the contexts, the main one first. */
  readonly #trees: readonly WatchedTree[];
  /**
   * The paths of the Dockerfile and the ignore files, inside or outside of the
   * contexts; for a link, also the path of its target.
   */
  readonly #sources: ReadonlySet<string>;
  readonly #results: ReadonlySet<string>;
  readonly #outputs: readonly string[];

  private constructor(
    trees: readonly WatchedTree[],
    sources: ReadonlySet<string>,
    results: ReadonlySet<string>,
    outputs: readonly string[],
  ) {
    this.#trees = trees;
    this.#sources = sources;
    this.#results = results;
    this.#outputs = outputs;
  }

  /**
   * Opens the contexts in the same way as the next build will.
   *
   * @throws {ContextError} If a folder, the Dockerfile or an ignore file can't
   * be read.
   * @throws {UsageError} If an output lies in a context: each build would send
   * that of the last one.
   */
  static async open(
    { context, contexts }: WatchedSources,
    results: WatchedResults,
  ): Promise<WatchedContext> {
    const source = sourceOf(context);
    if (source.kind !== "folder") {
      throw new UsageError("--watch needs a folder as the context");
    }
    const offer = await openOffer(source);
    const root = offer.root!;
    const { dockerfile = join(root, offer.dockerfile!.name) } = source;
    if (typeof dockerfile !== "string") {
      throw new UsageError("--watch needs a Dockerfile that is a file");
    }
    const { trees: named, files } = await openNamed(contexts);
    const outputs = await Promise.all(results.outputs.map(placeOf));
    const watched = new WatchedContext(
      [{ root, filter: await offer.filter() }, ...named],
      new Set([
        ...await sourcesOf(dockerfile, [root, ...named.map((it) => it.root)]),
        ...files,
      ]),
      new Set(await Promise.all(results.files.map(placeOf))),
      outputs,
    );
    if (outputs.some((path) => watched.#isRoot(path) || watched.#takes(path))) {
      throw new UsageError(
        "--watch: an output lies in the context, and each build would take that of the last one; name it in .dockerignore, or choose another place",
      );
    }
    return watched;
  }

  /** The folders that must be watched to notice every change. */
  get folders(): WatchedFolders {
    const roots = this.#trees.map(({ root }) => root);
    const folders = [...this.#sources].map((path) => dirname(path))
      .filter((path) => !roots.some((root) => isIn(path, root)));
    return {
      trees: roots,
      folders: [...new Set(folders)],
      // The parent folders: they show that a context was renamed or replaced.
      optional: [...new Set(roots.map((root) => dirname(root)))],
    };
  }

  /** Whether a change of a path can change the build. */
  matters(path: string): boolean {
    if (this.#results.has(path)) return false;
    if (this.#outputs.some((output) => isIn(path, output))) return false;
    // An export's temporary file or folder, which is renamed when the build has
    // succeeded.
    if (path.split("/").some(isExportName)) return false;
    if (this.#isRoot(path) || this.#sources.has(path)) return true;
    return this.#takes(path);
  }

  /** Whether a path is the folder of a context itself. */
  #isRoot(path: string): boolean {
    return this.#trees.some(({ root }) => path === root);
  }

  /** Whether a path is in a context, and not ignored. */
  #takes(path: string): boolean {
    return this.#trees.some(({ root, filter }) =>
      path !== root && isIn(path, root) &&
      filter.keeps(path.slice(root.replace(/\/?$/, "/").length))
    );
  }
}

/**
 * Opens the folders among contexts by name, and finds the files that tell which
 * image those in OCI layout have.
 */
async function openNamed(
  contexts: WatchedSources["contexts"],
): Promise<{ trees: readonly WatchedTree[]; files: readonly string[] }> {
  const trees: WatchedTree[] = [];
  const files: string[] = [];
  if (contexts === undefined) return { trees, files };
  const { namedSources } = await loadModule<
    typeof import("../imagebuild/context/named_source.ts")
  >("../imagebuild/context/named_source.ts");
  const { NamedFolder } = await loadModule<
    typeof import("../imagebuild/context/named_contexts.ts")
  >("../imagebuild/context/named_contexts.ts");
  for (const source of namedSources(contexts).values()) {
    if (source.kind === "layout") {
      files.push(await Deno.realPath(join(source.path, "index.json")));
    }
    if (source.kind !== "folder") continue;
    const folder = await NamedFolder.open(source);
    trees.push({ root: folder.root!, filter: await folder.filter() });
  }
  return { trees, files };
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
  dockerfile: string,
  roots: readonly string[],
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
      ...roots.map((root) => join(root, ".dockerignore")),
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

// Contexts by name that were checked and are ready to be sent: each folder is
// served by the session under a name of its own, each tar as a stream.

import { adviceOf, advised } from "../../advice.ts";
import { ContextFilter } from "../../context/filter.ts";
import { parseIgnoreFile } from "../../context/ignore_file.ts";
import {
  checkIgnoreFile,
  findIgnoreRules,
} from "../../context/ignore_rules.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";
import { type ContextRoot, findRoot } from "../../context/root.ts";
import { ContextError } from "../../errors.ts";
import { FolderLocal } from "../../fsutil/folder_local.ts";
import type { Local } from "../../fsutil/local.ts";
import { RuledLocal } from "../../fsutil/ruled_local.ts";
import { findInside } from "./find_inside.ts";
import { memoryFiles } from "./memory_files.ts";
import type { NamedSource } from "./named_source.ts";
import type { LayoutStores } from "../../layout/layout_stores.ts";
import type { Source } from "./source.ts";

/** A folder of this machine, or files in memory, behind a name. */
export class NamedFolder {
  /** The folder that a session serves. */
  readonly local: Local;
  readonly #source: Source & { readonly kind: "folder" };
  readonly #root: ContextRoot | undefined;
  readonly #memory: MemoryFiles | undefined;

  private constructor(
    source: Source & { readonly kind: "folder" },
    root: ContextRoot | undefined,
    memory: MemoryFiles | undefined,
    local: Local,
  ) {
    this.#source = source;
    this.#root = root;
    this.#memory = memory;
    this.local = local;
  }

  /** @throws {ContextError} If the folder or its ignore file can't be read. */
  static async open(
    source: Source & { readonly kind: "folder" },
  ): Promise<NamedFolder> {
    const { path, files, ignore } = source;
    const root = path === undefined ? undefined : await findRoot(path);
    const memory = files && await memoryFiles(files);
    const local = ignore === undefined
      ? new FolderLocal(
        root?.path,
        memory,
        await checkIgnoreFile(root?.path, memory),
      )
      : await RuledLocal.of(new FolderLocal(root?.path, memory), ignore);
    return new NamedFolder(source, root, memory, local);
  }

  /** Real path of the folder; undefined where there are only files in memory. */
  get root(): string | undefined {
    return this.#root?.path;
  }

  /** The key under which an engine keeps the folder's files. */
  get sharedKey(): string | undefined {
    return this.#root?.key;
  }

  /**
   * Decides which files belong to the context, as the engine decides it.
   *
   * @throws {ContextError} If the ignore file can't be read.
   */
  async filter(): Promise<ContextFilter> {
    const { ignore } = this.#source;
    if (ignore === undefined) {
      return (await findIgnoreRules(this.root, undefined, this.#memory)).filter;
    }
    return new ContextFilter({ exclude: parseIgnoreFile(ignore.join("\n")) });
  }

  /**
   * The path in the context of a file of this machine; undefined if the file is
   * not in the context, or is ignored.
   *
   * @throws {ContextError} If the ignore file can't be read.
   */
  async find(file: string | URL): Promise<string | undefined> {
    return await findInside({
      root: this.root,
      memory: this.#memory,
      filter: () => this.filter(),
    }, file);
  }
}

/** The contexts by name of a build, by their names. */
export interface NamedContexts {
  /** Those that a session serves file by file. */
  readonly folders: ReadonlyMap<string, NamedFolder>;
  /** Those that a session serves as one stream. */
  readonly tars: ReadonlyMap<string, ReadableStream<Uint8Array>>;
  /**
   * Those that the engine has or fetches, also from a store of the session, in
   * the frontend's words.
   */
  readonly remotes: ReadonlyMap<string, string>;
  /** URLs of files, each the only one of its context. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Opens contexts by name: finds their folders, and the images in folders in OCI
 * layout.
 *
 * @param stores Takes these folders; undefined where there are none.
 * @throws {ContextError} If a folder or its ignore file can't be read.
 * @throws {LayoutError} If a folder in OCI layout can't be read, or does not
 * have the image.
 */
export async function openContexts(
  sources: ReadonlyMap<string, NamedSource>,
  stores?: LayoutStores,
): Promise<NamedContexts> {
  const folders = new Map<string, NamedFolder>();
  const tars = new Map<string, ReadableStream<Uint8Array>>();
  const remotes = new Map<string, string>();
  const files = new Map<string, string>();
  for (const [name, source] of sources) {
    if (source.kind === "tar") tars.set(name, source.stream);
    else if (source.kind === "remote") remotes.set(name, source.url);
    else if (source.kind === "file") files.set(name, source.url);
    else if (source.kind === "folder") {
      folders.set(name, await openFolder(name, source));
    } else {
      const { openLayout } = await import("./layout_context.ts");
      remotes.set(name, await openLayout(name, source, stores!));
    }
  }
  return { folders, tars, remotes, files };
}

async function openFolder(
  name: string,
  source: Source & { readonly kind: "folder" },
): Promise<NamedFolder> {
  try {
    const folder = await NamedFolder.open(source);
    await folder.filter(); // a malformed pattern is told before the build
    return folder;
  } catch (error) {
    if (!(error instanceof ContextError)) throw error;
    const about = adviceOf(error)?.about ?? error.message;
    throw advised(
      (message) => new ContextError(message, { cause: error }),
      "build-with",
      about.replace(/^Cannot build: /, ""),
      `contexts ${JSON.stringify(name)}`,
    );
  }
}

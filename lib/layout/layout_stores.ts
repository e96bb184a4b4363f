// @ts-types="../std/path.d.ts"
import { resolve } from "@std/path/posix/resolve";
import type { ContentStore } from "./content_store.ts";
import { LayoutFolder } from "./layout_folder.ts";
import type { LockWait } from "./lock.ts";

/**
 * The layouts that one build uses, by the ids by which the engine asks for them.
 * Disposing of it closes them all, and drops what is not committed.
 */
export class LayoutStores implements AsyncDisposable {
  readonly #byId = new Map<string, LayoutFolder>();
  readonly #folders = new Set<LayoutFolder>();
  /** Of each path the layout that can do most: one folder is opened once. */
  readonly #byPath = new Map<string, LayoutFolder>();
  readonly #wait: LockWait;
  #isOver = false;

  /** @param wait How the locks of the folders are waited for. */
  constructor(wait: LockWait = {}) {
    this.#wait = wait;
  }

  /** The stores that a session offers. */
  get byId(): ReadonlyMap<string, ContentStore> {
    return this.#byId;
  }

  /**
   * Opens a folder, or takes one that is open already. If a folder is opened for
   * reading and then for writing, it is opened twice, and can't be pruned.
   *
   * @param id The id by which the engine asks for it, such as `local:DIR`.
   * @throws {LayoutError} If the folder can't be used.
   */
  async open(
    id: string,
    path: string,
    use: "read" | "write",
  ): Promise<LayoutFolder> {
    const place = resolve(path);
    const known = this.#byPath.get(place);
    const folder = known !== undefined && (use === "read" || known.canWrite)
      ? known
      : await LayoutFolder.open(path, use, this.#wait);
    if (this.#isOver) {
      await folder[Symbol.asyncDispose]();
      throw new DOMException("The build is over", "AbortError");
    }
    this.#folders.add(folder);
    this.#byPath.set(place, folder);
    this.#byId.set(id, folder);
    return folder;
  }

  /** Closes all folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    const folders = [...this.#folders];
    this.#byId.clear();
    this.#byPath.clear();
    this.#folders.clear();
    let failure: unknown;
    for (const folder of folders) {
      try {
        await folder[Symbol.asyncDispose]();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}

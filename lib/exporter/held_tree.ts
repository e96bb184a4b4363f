import { exchanged, type HeldFolder } from "./held_folder.ts";

/** How many folders are kept open at the same time, each with a descriptor. */
const MAX_HELD = 128;

/**
 * The folders of a tree that others may change. Each is opened through the
 * folder above it.
 */
export class HeldTree implements Disposable {
  readonly #root: HeldFolder;
  /**
   * The open folders by path; the one that was not used for the longest time is
   * first.
   */
  readonly #held = new Map<string, HeldFolder>();
  /**
   * The ids of all folders that were opened: if a folder is opened again, it
   * must be the same one.
   */
  readonly #ids = new Map<string, HeldFolder["id"]>();

  /** @param root The root of the tree; the caller has to close it. */
  constructor(root: HeldFolder) {
    this.#root = root;
  }

  /**
   * Opens a folder of the tree.
   *
   * @param path Its path in the tree; empty for the root.
   * @throws {Error} If it is not a folder, or not the same one as before.
   */
  folder(path: string): HeldFolder {
    if (path === "") return this.#root;
    const held = this.#held.get(path);
    if (held !== undefined) {
      this.#held.delete(path);
      this.#held.set(path, held);
      return held;
    }
    const slash = path.lastIndexOf("/");
    const above = this.folder(path.slice(0, Math.max(0, slash)));
    const folder = above.child(path.slice(slash + 1));
    const id = this.#ids.get(path);
    if (id !== undefined && folder.isOther(id)) {
      folder[Symbol.dispose]();
      throw exchanged(folder.name);
    }
    this.#ids.set(path, folder.id);
    this.#held.set(path, folder);
    if (this.#held.size > MAX_HELD) {
      const [least] = this.#held.keys();
      this.#held.get(least!)?.[Symbol.dispose]();
      this.#held.delete(least!);
    }
    return folder;
  }

  /** A path that leads to an entry of the tree. */
  at(path: string): string {
    const slash = path.lastIndexOf("/");
    return this.folder(path.slice(0, Math.max(0, slash)))
      .at(path.slice(slash + 1));
  }

  /** Closes all folders except the root. */
  [Symbol.dispose](): void {
    for (const folder of this.#held.values()) folder[Symbol.dispose]();
  }
}

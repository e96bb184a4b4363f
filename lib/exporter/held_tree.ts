import { exchanged, type HeldFolder } from "./held_folder.ts";

/** How many folders are held at once, each by a descriptor. */
const MAX_HELD = 128;

/** The folders of a tree that others may change, each by way of the one above it. */
export class HeldTree implements Disposable {
  readonly #root: HeldFolder;
  /** By their paths; the least used first. */
  readonly #held = new Map<string, HeldFolder>();
  /** What was held once is the same folder later, or there is none. */
  readonly #ids = new Map<string, HeldFolder["id"]>();

  /** @param root Stays its owner's. */
  constructor(root: HeldFolder) {
    this.#root = root;
  }

  /**
   * A folder of the tree.
   *
   * @param path Its path in it; empty for the root.
   * @throws {Error} If it is no folder, or not the one that it was before.
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

  /** A path that leads to something in the tree. */
  at(path: string): string {
    const slash = path.lastIndexOf("/");
    return this.folder(path.slice(0, Math.max(0, slash)))
      .at(path.slice(slash + 1));
  }

  /** Lets all of them go, but for the root. */
  [Symbol.dispose](): void {
    for (const folder of this.#held.values()) folder[Symbol.dispose]();
  }
}

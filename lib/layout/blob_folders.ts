import type { HeldFolder } from "../exporter/held_folder.ts";
import { ALGORITHMS, parseDigest } from "./digest.ts";
import { makeIn } from "./held_layout.ts";
import { isMissing } from "./layout_error.ts";

/** The folders `blobs/sha256` and others of a layout, held as they are used. */
export class BlobFolders implements Disposable {
  readonly #root: HeldFolder;
  readonly #held = new Map<string, HeldFolder>();

  /** @param root The layout; the caller has to close it. */
  constructor(root: HeldFolder) {
    this.#root = root;
  }

  /** The folder of the blobs with this kind of digest; undefined if none is. */
  find(algorithm: string): HeldFolder | undefined {
    const known = this.#held.get(algorithm);
    if (known !== undefined) return known;
    try {
      using blobs = this.#root.child("blobs");
      const folder = blobs.child(algorithm);
      this.#held.set(algorithm, folder);
      return folder;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** The same folder, which is made if it is not there. */
  make(algorithm: string): HeldFolder {
    const known = this.#held.get(algorithm);
    if (known !== undefined) return known;
    makeIn(this.#root, "blobs");
    using blobs = this.#root.child("blobs");
    makeIn(blobs, algorithm);
    const folder = blobs.child(algorithm);
    this.#held.set(algorithm, folder);
    return folder;
  }

  /**
   * Removes the blobs that are not named, and nothing else that lies there.
   *
   * @returns How many there were, and how many bytes they had.
   */
  async removeOthers(
    named: ReadonlySet<string>,
  ): Promise<{ blobs: number; bytes: number }> {
    const removed = { blobs: 0, bytes: 0 };
    for (const algorithm of ALGORITHMS) {
      const folder = this.find(algorithm);
      if (folder === undefined) continue;
      const entries = await Array.fromAsync(Deno.readDir(folder.path));
      for (const { name } of entries) {
        const digest = `${algorithm}:${name}`;
        if (parseDigest(digest) === undefined || named.has(digest)) continue;
        const { size } = await Deno.lstat(folder.at(name));
        await Deno.remove(folder.at(name));
        removed.blobs++;
        removed.bytes += size;
      }
    }
    return removed;
  }

  /** Closes the folders. */
  [Symbol.dispose](): void {
    const folders = [...this.#held.values()];
    this.#held.clear();
    for (const folder of folders) folder[Symbol.dispose]();
  }
}

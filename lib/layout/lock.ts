import type { HeldFolder } from "../exporter/held_folder.ts";
import { isMissing } from "./layout_error.ts";

/**
 * A lock on a folder (`flock`), which ends with the program that holds it. All
 * who use a layout share it; who removes something from it must be alone.
 */
export class FolderLock implements Disposable {
  readonly #folder: Deno.FsFile;

  private constructor(folder: Deno.FsFile) {
    this.#folder = folder;
  }

  /**
   * Locks a folder together with others.
   *
   * @param alone Called before that if nobody else uses the folder, and may
   * remove what was left there.
   * @returns Undefined on systems that can't lock folders.
   */
  static async share(
    folder: HeldFolder,
    alone: () => Promise<void> = () => Promise.resolve(),
  ): Promise<FolderLock | undefined> {
    if (Deno.build.os === "windows") return undefined;
    const file = await Deno.open(folder.at("."));
    try {
      if (await tryLock(file)) await alone();
      await file.lock(false);
      return new FolderLock(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Locks a folder that nobody else may use, unless somebody does.
   *
   * @returns Undefined if somebody does, or this Deno or system can't tell.
   */
  static async takeAlone(folder: HeldFolder): Promise<FolderLock | undefined> {
    if (Deno.build.os === "windows") return undefined;
    const file = await Deno.open(folder.at("."));
    if (await tryLock(file)) return new FolderLock(file);
    file.close();
    return undefined;
  }

  /**
   * Makes the lock one that nobody shares; false if others use the folder. The
   * lock may be free for a moment.
   */
  async becomeAlone(): Promise<boolean> {
    if (await tryLock(this.#folder)) return true;
    await this.#folder.lock(false);
    return false;
  }

  /** Gives the lock back. */
  [Symbol.dispose](): void {
    this.#folder.close();
  }
}

/** Locks a folder if nobody has; never before Deno 2.7.1, which can only wait. */
async function tryLock(folder: Deno.FsFile): Promise<boolean> {
  return await (folder as Partial<Deno.FsFile>).tryLock?.(true) ?? false;
}

/**
 * Locks by a file, which is removed with the lock; waits while somebody else has
 * it. buildx does the same for `index.json`, and fails if it can't.
 *
 * @throws {TypeError} If something else is in the place of the file.
 */
export async function lockByFile(
  folder: HeldFolder,
  name: string,
): Promise<AsyncDisposable> {
  for (;;) {
    const file = await openLock(folder, name);
    if (file === undefined) continue;
    try {
      await file.lock(true);
      if (await isAt(file, folder.at(name))) {
        return {
          async [Symbol.asyncDispose]() {
            using _file = file;
            try {
              await Deno.remove(folder.at(name));
            } catch (error) {
              // buildx removes it when it no longer has the lock.
              if (!isMissing(error)) throw error;
            }
          },
        };
      }
    } catch (error) {
      file.close();
      throw error;
    }
    // Who had the lock has removed the file: it locks nothing any more.
    file.close();
  }
}

/** Opens the file of a lock; undefined if it was removed meanwhile. */
async function openLock(
  folder: HeldFolder,
  name: string,
): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(folder.at(name), { write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  try {
    if (!(await Deno.lstat(folder.at(name))).isFile) {
      throw new TypeError(`${name} is no regular file`);
    }
    return await Deno.open(folder.at(name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an open file is the one at a path. */
async function isAt(file: Deno.FsFile, path: string): Promise<boolean> {
  const { dev, ino } = await file.stat();
  try {
    const there = await Deno.lstat(path);
    return there.dev === dev && there.ino === ino;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

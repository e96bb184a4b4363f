import type { HeldFolder } from "../exporter/held_folder.ts";
import { isMissing } from "./layout_error.ts";

/** How long one waits for a lock; others have it for moments. */
const MAX_WAIT_MS = 60_000;

/** How long it takes until somebody who waits sees that a lock is free. */
const POLL_MS = 20;

/** How one waits for a lock that somebody else has. */
export interface LockWait {
  /** Ends the waiting. Before Deno 2.7.1 it can't be ended. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long one waits, in milliseconds.
   *
   * @default {60000}
   */
  readonly maxMs?: number | undefined;
}

/**
 * A lock on a folder (`flock`), which ends with the program that holds it. All
 * who use a layout share it; who removes something from it must be alone.
 */
export class FolderLock implements Disposable {
  readonly #folder: Deno.FsFile;
  readonly #wait: LockWait;

  private constructor(folder: Deno.FsFile, wait: LockWait = {}) {
    this.#folder = folder;
    this.#wait = wait;
  }

  /**
   * Locks a folder together with others.
   *
   * @param alone Called before that if nobody else uses the folder, and may
   * remove what was left there.
   * @returns Undefined on systems that can't lock folders.
   * @throws {TypeError} If a program that needs it alone does not give it back.
   */
  static async share(
    folder: HeldFolder,
    alone: () => Promise<void> = () => Promise.resolve(),
    wait: LockWait = {},
  ): Promise<FolderLock | undefined> {
    if (Deno.build.os === "windows") return undefined;
    const file = await Deno.open(folder.at("."));
    try {
      if (await tryLock(file)) await alone();
      await waitForLock(file, false, "it", wait);
      return new FolderLock(file, wait);
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
    await waitForLock(this.#folder, false, "it", this.#wait);
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
 * Locks a file or folder. The system can only wait for ever, and would keep the
 * program from ending, so it is asked again and again.
 *
 * @param what What is locked, for errors.
 * @throws {TypeError} If somebody else has it for too long.
 */
async function waitForLock(
  file: Deno.FsFile,
  isAlone: boolean,
  what: string,
  { signal, maxMs = MAX_WAIT_MS }: LockWait,
): Promise<void> {
  if ((file as Partial<Deno.FsFile>).tryLock === undefined) {
    return await file.lock(isAlone);
  }
  const end = performance.now() + maxMs;
  while (!await file.tryLock(isAlone)) {
    signal?.throwIfAborted();
    if (performance.now() >= end) {
      throw new TypeError(
        `${what} is locked by another program (flock); end that one, or lock another file`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Locks by a file, which is removed with the lock; waits while somebody else has
 * it. buildx does the same for `index.json`, and fails if it can't.
 *
 * @throws {TypeError} If something else is in the place of the file, or somebody
 * does not give it back.
 */
export async function lockByFile(
  folder: HeldFolder,
  name: string,
  wait: LockWait = {},
): Promise<AsyncDisposable> {
  for (;;) {
    const file = await openLock(folder, name);
    if (file === undefined) continue;
    try {
      await waitForLock(file, true, name, wait);
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

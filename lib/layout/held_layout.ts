import { isExportName, newExportName } from "../context/export_name.ts";
import { HeldFolder, refuseShared } from "../exporter/held_folder.ts";
import { ExportArea } from "../exporter/place.ts";
import { isMissing, layoutError } from "./layout_error.ts";
import { FolderLock, lockByFile, type LockWait } from "./lock.ts";

/** Where contents are written before they have their digest, as in containerd. */
const INGEST = "ingest";

/** The file whose lock buildx holds while it changes `index.json`. */
const INDEX_LOCK = "index.json.lock";

/**
 * How often a folder is opened that others remove meanwhile, because nothing is
 * in it.
 */
const MAX_TRIES = 50;

/** Which folders were not there, and were made. */
interface MadeFolders {
  readonly root: boolean;
  /** `ingest/`, which stays where something was put: buildx needs it. */
  readonly ingest: boolean;
}

/** What a layout that is written has besides. */
interface Aside {
  /** A private folder in `ingest/`. */
  readonly area: ExportArea;
  /** Tells others that the private folder is used. */
  readonly lock: FolderLock | undefined;
}

/** The folder of a layout, held and locked, with a place to write aside. */
export class HeldLayout {
  /** The folder itself. */
  readonly root: HeldFolder;
  readonly #lock: FolderLock | undefined;
  readonly #aside: Aside | undefined;
  readonly #made: MadeFolders;
  readonly #wait: LockWait;

  private constructor(
    root: HeldFolder,
    lock: FolderLock | undefined,
    made: MadeFolders,
    aside: Aside | undefined,
    wait: LockWait,
  ) {
    this.root = root;
    this.#lock = lock;
    this.#made = made;
    this.#aside = aside;
    this.#wait = wait;
  }

  /**
   * Opens a folder; for writing it is made if it does not exist, and what a crash
   * has left in `ingest/` is removed unless somebody else uses it.
   *
   * @throws {LayoutError} If it does not exist, or can't be used.
   */
  static async open(
    path: string,
    use: "read" | "write",
    wait: LockWait = {},
  ): Promise<HeldLayout> {
    for (let tries = use === "read" ? 1 : MAX_TRIES;; tries--) {
      try {
        return await HeldLayout.#open(path, use, wait);
      } catch (cause) {
        // Programs that end meanwhile remove what is empty there.
        if (tries === 1 || !isMissing(cause)) {
          throw layoutError(path, use, "", cause);
        }
      }
    }
  }

  static async #open(
    path: string,
    use: "read" | "write",
    wait: LockWait,
  ): Promise<HeldLayout> {
    const made = { root: false, ingest: false };
    let root: HeldFolder | undefined;
    let lock: FolderLock | undefined;
    let area: ExportArea | undefined;
    try {
      if (use === "write") made.root = await makeFolder(path);
      const held = root = HeldFolder.open(await Deno.realPath(path));
      if (use === "read") {
        lock = await FolderLock.share(root, undefined, wait);
        return new HeldLayout(root, lock, made, undefined, wait);
      }
      made.ingest = makeIn(root, INGEST);
      lock = await FolderLock.share(root, () => removeLeft(held), wait);
      area = await ExportArea.in(`${root.name}/${INGEST}`);
      refuseShared(root, area.folder);
      const areaLock = await FolderLock.takeAlone(area.folder);
      return new HeldLayout(root, lock, made, { area, lock: areaLock }, wait);
    } catch (cause) {
      // What failed before is told, and not that something can't be removed.
      await area?.remove().catch(() => {});
      if (root !== undefined) await tidy(root, made).catch(() => {});
      lock?.[Symbol.dispose]();
      root?.[Symbol.dispose]();
      throw cause;
    }
  }

  /** Whether something can be written. */
  get canWrite(): boolean {
    return this.#aside !== undefined;
  }

  /** The path of a new file aside. */
  aside(): string {
    return this.#aside!.area.folder.at(newExportName());
  }

  /** Exchanges a file directly in the folder for another one. */
  async replace(name: string, text: string): Promise<void> {
    const aside = this.aside();
    using file = Deno.openSync(aside, { write: true, createNew: true });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.syncData();
    await Deno.rename(aside, this.root.at(name));
  }

  /**
   * Locks `index.json` for a change.
   *
   * @throws {TypeError} If it can't be locked.
   */
  async lockIndex(): Promise<AsyncDisposable> {
    return await lockByFile(this.root, INDEX_LOCK, this.#wait);
  }

  /** Whether nobody else uses the folder; nobody can then, until it is closed. */
  async becomeAlone(): Promise<boolean> {
    return await this.#lock?.becomeAlone() ?? false;
  }

  /**
   * Removes what is aside, and closes the folder.
   *
   * @param isUsed Whether something was put there; otherwise what was made is
   * removed.
   */
  async close(isUsed: boolean): Promise<void> {
    using _root = this.root;
    using _lock = this.#lock;
    if (this.#aside === undefined) return;
    using _areaLock = this.#aside.lock;
    await this.#aside.area.remove();
    if (!isUsed) await tidy(this.root, this.#made);
  }
}

/** Makes a folder in another one, unless it is there; whether it was not. */
export function makeIn(folder: HeldFolder, name: string): boolean {
  try {
    Deno.mkdirSync(folder.at(name));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return false;
  }
}

/** Makes a folder, and those above it; whether it was not there. */
async function makeFolder(path: string): Promise<boolean> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  await Deno.mkdir(path, { recursive: true });
  return !isThere;
}

/** Removes what programs that crashed have left. */
async function removeLeft(root: HeldFolder): Promise<void> {
  using ingest = root.child(INGEST);
  for await (const { name, isDirectory } of Deno.readDir(ingest.path)) {
    if (!isDirectory || !isExportName(name)) continue;
    using area = ingest.child(name);
    using lock = await FolderLock.takeAlone(area);
    if (lock === undefined) continue; // somebody writes there
    await Deno.remove(ingest.at(name), { recursive: true });
  }
}

/** Removes folders that were made for nothing. */
async function tidy(root: HeldFolder, made: MadeFolders): Promise<void> {
  if (made.ingest) await removeEmpty(root.at(INGEST));
  if (made.root) await removeEmpty(root.name);
}

/** Removes a folder, unless something is in it or it is gone. */
async function removeEmpty(path: string): Promise<void> {
  try {
    // A link is nobody's to remove.
    if ((await Deno.lstat(path)).isDirectory) await Deno.remove(path);
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (!["ENOTEMPTY", "ENOENT"].includes(code)) throw error;
  }
}

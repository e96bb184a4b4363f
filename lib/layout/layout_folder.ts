import { isExportName, newExportName } from "../context/export_name.ts";
import { HeldFolder, refuseShared } from "../exporter/held_folder.ts";
import { ExportArea } from "../exporter/place.ts";
import { BlobReader, readText } from "./blob_reader.ts";
import { BlobWriter } from "./blob_writer.ts";
import { namedBy } from "./collect.ts";
import type {
  ContentExpectation,
  ContentInfo,
  ContentStore,
  ContentWriter,
} from "./content_store.ts";
import { type Digest, parseDigest } from "./digest.ts";
import {
  type LayoutDescriptor,
  type LayoutIndex,
  type LayoutName,
  parseIndex,
  withEntry,
  writeIndex,
} from "./index_file.ts";
import { isMissing, type LayoutError, layoutError } from "./layout_error.ts";
import { FolderLock, lockByFile } from "./lock.ts";

/** The file whose lock buildx holds while it changes `index.json`. */
const LOCK = "index.json.lock";

/** Where contents are written before they have their digest, as in containerd. */
const INGEST = "ingest";

/** The version of the layout that is written (OCI image specification). */
const VERSION = "1.0.0";

/**
 * How often a folder is opened that others remove meanwhile, because nothing is
 * in it.
 */
const MAX_TRIES = 50;

/** How long a document may be that is read whole, in bytes. */
const MAX_DOCUMENT_BYTES: number = 16 * 1024 * 1024;

/** Blobs of a layout, counted. */
export interface BlobCount {
  /** How many blobs. */
  readonly blobs: number;
  /** How many bytes they had. */
  readonly bytes: number;
}

/**
 * A folder in OCI's image layout: `blobs/sha256/…`, `index.json` with what it
 * holds by tags, and `oci-layout`.
 *
 * The folder is held by its descriptor where the system can do that, and no link
 * in it is followed: nothing outside of it is read or written. Several programs
 * may use one folder at the same time. A blob is written aside, in `ingest/`,
 * and is there only when it is whole; `index.json` is exchanged as a whole, by
 * one at a time.
 */
export class LayoutFolder implements ContentStore, AsyncDisposable {
  /** The folder, as the caller named it. */
  readonly path: string;
  readonly #root: HeldFolder;
  readonly #folders = new Map<string, HeldFolder>();
  readonly #lock: FolderLock | undefined;
  readonly #area: ExportArea | undefined;
  readonly #areaLock: FolderLock | undefined;
  readonly #made: MadeFolders;
  /** Whether something was put there. */
  #isUsed = false;
  /** The blobs that are being written. */
  readonly #writers = new Set<BlobWriter>();

  private constructor(
    path: string,
    { root, lock, area, areaLock, made }: {
      root: HeldFolder;
      lock: FolderLock | undefined;
      area: ExportArea | undefined;
      areaLock: FolderLock | undefined;
      made: MadeFolders;
    },
  ) {
    this.path = path;
    this.#root = root;
    this.#lock = lock;
    this.#area = area;
    this.#areaLock = areaLock;
    this.#made = made;
  }

  /**
   * Opens a folder.
   *
   * @param path Its path; links in it are followed.
   * @param use For writing, the folder is made if it does not exist, and what a
   * crash has left in `ingest/` is removed unless somebody else uses it.
   * @throws {LayoutError} If it does not exist, or can't be used.
   */
  static async open(
    path: string,
    use: "read" | "write",
  ): Promise<LayoutFolder> {
    for (let tries = use === "read" ? 1 : MAX_TRIES;; tries--) {
      try {
        return await LayoutFolder.#open(path, use);
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
  ): Promise<LayoutFolder> {
    const made = { root: false, ingest: false };
    let root: HeldFolder | undefined;
    let lock: FolderLock | undefined;
    let area: ExportArea | undefined;
    let areaLock: FolderLock | undefined;
    try {
      if (use === "write") made.root = await makeFolder(path);
      root = HeldFolder.open(await Deno.realPath(path));
      const held = root;
      if (use === "read") lock = await FolderLock.share(root);
      else {
        made.ingest = makeIn(root, INGEST);
        lock = await FolderLock.share(root, () => removeLeft(held));
        area = await ExportArea.in(`${root.name}/${INGEST}`);
        refuseShared(root, area.folder);
        areaLock = await FolderLock.takeAlone(area.folder);
      }
      return new LayoutFolder(path, { root, lock, area, areaLock, made });
    } catch (cause) {
      // What failed before is told, and not that something can't be removed.
      await area?.remove().catch(() => {});
      if (root !== undefined) await tidy(root, made).catch(() => {});
      lock?.[Symbol.dispose]();
      root?.[Symbol.dispose]();
      throw cause;
    }
  }

  /** Its path, links resolved. */
  get realPath(): string {
    return this.#root.name;
  }

  get canWrite(): boolean {
    return this.#area !== undefined;
  }

  info(digest: string): ContentInfo | undefined {
    using blob = this.open(digest);
    return blob && { size: blob.size, modified: blob.modified };
  }

  open(digest: string): BlobReader | undefined {
    const parsed = parseDigest(digest);
    if (parsed === undefined) return undefined;
    try {
      const folder = this.#blobs(parsed.algorithm);
      return folder && new BlobReader(folder.at(parsed.hex), this.path, digest);
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw layoutError(this.path, "read", digest, cause);
    }
  }

  begin({ digest, size }: ContentExpectation): ContentWriter | undefined {
    const area = this.#area;
    if (area === undefined) {
      throw layoutError(this.path, "write", "it was opened for reading alone");
    }
    const parsed = digest === undefined ? undefined : parseDigest(digest);
    if (digest !== undefined && parsed === undefined) {
      throw new TypeError(`${JSON.stringify(digest)} is no digest`);
    }
    // A blob of another size was left by something that crashed; it is replaced.
    if (digest !== undefined && this.#has(digest, size)) return undefined;
    const writer: BlobWriter = new BlobWriter({
      layout: this.path,
      algorithm: parsed?.algorithm ?? "sha256",
      aside: () => area.folder.at(newExportName()),
      final: (digest) => {
        const path = this.#makeBlobs(digest).at(digest.hex);
        this.#isUsed = true;
        return path;
      },
      onEnd: () => this.#writers.delete(writer),
    });
    this.#writers.add(writer);
    return writer;
  }

  /**
   * Reads `index.json`.
   *
   * @returns Undefined if there is none.
   * @throws {LayoutError} If it can't be read, or is none, or the layout has a
   * version that is not known.
   */
  async index(): Promise<LayoutIndex | undefined> {
    const version = await this.#document("oci-layout");
    if (version !== undefined) this.#checkVersion(version);
    const text = await this.#document("index.json");
    if (text === undefined) return undefined;
    try {
      return parseIndex(text);
    } catch (cause) {
      throw layoutError(
        this.path,
        "read",
        "index.json can't be understood; remove it, or take another folder",
        cause,
      );
    }
  }

  /**
   * Writes `oci-layout` and `index.json`, which then has one more entry for each
   * of the names.
   *
   * @throws {LayoutError} If that fails: then they are as they were.
   */
  async put(
    descriptor: LayoutDescriptor,
    names: readonly LayoutName[],
  ): Promise<void> {
    try {
      this.#isUsed = true;
      await using _lock = await lockByFile(this.#root, LOCK);
      const index = await this.index() ?? { manifests: [] };
      if (await this.#document("oci-layout") === undefined) {
        await this.#replace(
          "oci-layout",
          JSON.stringify({ imageLayoutVersion: VERSION }),
        );
      }
      await this.#replace(
        "index.json",
        writeIndex(withEntry(index, descriptor, names)),
      );
    } catch (cause) {
      throw layoutError(this.path, "write", "index.json", cause);
    }
  }

  /**
   * Counts the blobs that are there of what a descriptor leads to, itself among
   * them.
   *
   * @throws {LayoutError} If one of its documents can't be understood.
   */
  async measure(descriptor: LayoutDescriptor): Promise<BlobCount> {
    const report = { blobs: 0, bytes: 0 };
    const named = await this.#namedBy({ manifests: [descriptor] });
    for (const digest of named) {
      const info = this.info(digest);
      if (info === undefined) continue;
      report.blobs++;
      report.bytes += info.size;
    }
    return report;
  }

  /**
   * Removes the blobs that nothing in `index.json` names.
   *
   * @returns What was removed; undefined if others use the folder now, or this
   * Deno or system can't know: then nothing is.
   * @throws {LayoutError} If it is not known what is named, or something can't
   * be removed.
   */
  async collect(): Promise<BlobCount | undefined> {
    if (this.#lock === undefined || !await this.#lock.becomeAlone()) {
      return undefined;
    }
    const report = { blobs: 0, bytes: 0 };
    const index = await this.index();
    try {
      const named = await this.#namedBy(index ?? { manifests: [] });
      for (const algorithm of ["sha256", "sha512"]) {
        const folder = this.#blobs(algorithm);
        if (folder === undefined) continue;
        for (const name of await namesIn(folder)) {
          const digest = `${algorithm}:${name}`;
          if (parseDigest(digest) === undefined || named.has(digest)) continue;
          const { size } = await Deno.lstat(folder.at(name));
          await Deno.remove(folder.at(name));
          report.blobs++;
          report.bytes += size;
        }
      }
    } catch (cause) {
      throw layoutError(this.path, "write", "blobs that nothing names", cause);
    }
    return report;
  }

  /** Drops what is not committed, and closes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    using _root = this.#root;
    using _lock = this.#lock;
    using _areaLock = this.#areaLock;
    const folders = [...this.#folders.values()];
    this.#folders.clear();
    for (const folder of folders) folder[Symbol.dispose]();
    if (this.#area === undefined) return;
    for (const writer of [...this.#writers]) {
      await writer[Symbol.asyncDispose]();
    }
    try {
      await this.#area.remove();
      if (!this.#isUsed) await tidy(this.#root, this.#made);
    } catch (error) {
      throw layoutError(this.path, "write", "what is left aside", error);
    }
  }

  async #namedBy(index: LayoutIndex): Promise<ReadonlySet<string>> {
    try {
      return await namedBy(index, (digest) => this.text(digest));
    } catch (cause) {
      throw layoutError(this.path, "read", "what its index names", cause);
    }
  }

  /** Whether a content is there, with this size if that is known. */
  #has(digest: string, size: number | undefined): boolean {
    try {
      const info = this.info(digest);
      return info !== undefined && (size === undefined || info.size === size);
    } catch {
      return false; // what is there is no blob; it is replaced, if it can be
    }
  }

  /** The folder of the blobs with this kind of digest; undefined if none is. */
  #blobs(algorithm: string): HeldFolder | undefined {
    const known = this.#folders.get(algorithm);
    if (known !== undefined) return known;
    try {
      using blobs = this.#root.child("blobs");
      const folder = blobs.child(algorithm);
      this.#folders.set(algorithm, folder);
      return folder;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #makeBlobs({ algorithm }: Digest): HeldFolder {
    const known = this.#folders.get(algorithm);
    if (known !== undefined) return known;
    makeIn(this.#root, "blobs");
    using blobs = this.#root.child("blobs");
    makeIn(blobs, algorithm);
    const folder = blobs.child(algorithm);
    this.#folders.set(algorithm, folder);
    return folder;
  }

  /** Reads a file directly in the folder; undefined if there is none. */
  async #document(name: string): Promise<string | undefined> {
    try {
      using file = new BlobReader(this.#root.at(name), this.path, name);
      return await readText(
        file,
        MAX_DOCUMENT_BYTES,
        () => this.#tooLarge(name),
      );
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw layoutError(this.path, "read", name, cause);
    }
  }

  /**
   * Reads a document, such as a manifest, as text.
   *
   * @returns Undefined if it is not there.
   * @throws {LayoutError} If it can't be read, or has more than 16 MiB.
   */
  async text(digest: string): Promise<string | undefined> {
    using blob = this.open(digest);
    return blob &&
      await readText(blob, MAX_DOCUMENT_BYTES, () => this.#tooLarge(digest));
  }

  #tooLarge(what: string): LayoutError {
    return layoutError(
      this.path,
      "read",
      `${what}: it has more than ${MAX_DOCUMENT_BYTES} bytes`,
    );
  }

  #checkVersion(text: string): void {
    let version: unknown;
    try {
      ({ imageLayoutVersion: version } = JSON.parse(text));
    } catch {
      version = undefined; // no JSON, or no object
    }
    if (typeof version === "string" && version.startsWith("1.")) return;
    throw layoutError(
      this.path,
      "read",
      "oci-layout: it names no version 1 of the layout",
    );
  }

  /** Exchanges a file directly in the folder for another one. */
  async #replace(name: string, text: string): Promise<void> {
    const aside = this.#area!.folder.at(newExportName());
    using file = Deno.openSync(aside, { write: true, createNew: true });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.syncData();
    await Deno.rename(aside, this.#root.at(name));
  }
}

/** Makes a folder, and those above it; whether it was not there. */
async function makeFolder(path: string): Promise<boolean> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  await Deno.mkdir(path, { recursive: true });
  return !isThere;
}

/** Makes a folder in another one, unless it is there; whether it was not. */
function makeIn(folder: HeldFolder, name: string): boolean {
  try {
    Deno.mkdirSync(folder.at(name));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return false;
  }
}

async function namesIn(folder: HeldFolder): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder.path));
  return entries.map(({ name }) => name);
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

/** Which folders were not there, and were made. */
interface MadeFolders {
  readonly root: boolean;
  /** `ingest/`, which stays where something was put: as with buildx, which needs it. */
  readonly ingest: boolean;
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

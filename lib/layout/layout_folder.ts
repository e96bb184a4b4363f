import { BlobFolders } from "./blob_folders.ts";
import { BlobReader, readText } from "./blob_reader.ts";
import { BlobWriter } from "./blob_writer.ts";
import { namedBy } from "./collect.ts";
import type {
  ContentExpectation,
  ContentInfo,
  ContentStore,
  ContentWriter,
} from "./content_store.ts";
import { parseDigest } from "./digest.ts";
import { HeldLayout } from "./held_layout.ts";
import {
  checkVersion,
  type LayoutDescriptor,
  type LayoutIndex,
  type LayoutName,
  mediaTypeOf,
  parseIndex,
  withEntry,
  writeIndex,
  writeVersion,
} from "./index_file.ts";
import { isMissing, type LayoutError, layoutError } from "./layout_error.ts";
import type { LockWait } from "./lock.ts";

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
  readonly #held: HeldLayout;
  readonly #blobs: BlobFolders;
  /** The blobs that are being written. */
  readonly #writers = new Set<BlobWriter>();
  /** Whether something was put there. */
  #isUsed = false;

  private constructor(path: string, held: HeldLayout) {
    this.path = path;
    this.#held = held;
    this.#blobs = new BlobFolders(held.root);
  }

  /**
   * Opens a folder.
   *
   * @param path Its path; links in it are followed.
   * @param use For writing, the folder is made if it does not exist, and what a
   * crash has left in `ingest/` is removed unless somebody else uses it.
   * @param wait How its locks are waited for, now and later.
   * @throws {LayoutError} If it does not exist, or can't be used.
   */
  static async open(
    path: string,
    use: "read" | "write",
    wait: LockWait = {},
  ): Promise<LayoutFolder> {
    return new LayoutFolder(path, await HeldLayout.open(path, use, wait));
  }

  /** Its path, links resolved. */
  get realPath(): string {
    return this.#held.root.name;
  }

  get canWrite(): boolean {
    return this.#held.canWrite;
  }

  info(digest: string): ContentInfo | undefined {
    using blob = this.open(digest);
    return blob && { size: blob.size, modified: blob.modified };
  }

  open(digest: string): BlobReader | undefined {
    const parsed = parseDigest(digest);
    if (parsed === undefined) return undefined;
    try {
      const folder = this.#blobs.find(parsed.algorithm);
      return folder && new BlobReader(folder.at(parsed.hex), this.path, digest);
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw layoutError(this.path, "read", digest, cause);
    }
  }

  begin({ digest, size }: ContentExpectation): ContentWriter | undefined {
    if (!this.canWrite) {
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
      aside: () => this.#held.aside(),
      final: ({ algorithm, hex }) => {
        const path = this.#blobs.make(algorithm).at(hex);
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
    const text = await this.#document("index.json");
    try {
      if (version !== undefined) checkVersion(version);
      return text === undefined ? undefined : parseIndex(text);
    } catch (cause) {
      throw layoutError(
        this.path,
        "read",
        "index.json or oci-layout can't be understood; remove it, or take another folder",
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
      await using _lock = await this.#held.lockIndex();
      const index = await this.index() ?? { manifests: [] };
      if (await this.#document("oci-layout") === undefined) {
        await this.#held.replace("oci-layout", writeVersion());
      }
      await this.#held.replace(
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
   * What is missing of a content that may name others: digests, its own among
   * them; none if all is there.
   *
   * @throws {LayoutError} If one of its documents can't be understood.
   */
  async missing(digest: string): Promise<readonly string[]> {
    const text = await this.text(digest);
    if (text === undefined) return [digest];
    const mediaType = mediaTypeOf(text);
    const named = await this.#namedBy({
      manifests: [{ mediaType, digest, size: text.length }],
    });
    return [...named].filter((name) => this.info(name) === undefined);
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
    if (!await this.#held.becomeAlone()) return undefined;
    const index = await this.index();
    try {
      const named = await this.#namedBy(index ?? { manifests: [] });
      return await this.#blobs.removeOthers(named);
    } catch (cause) {
      throw layoutError(this.path, "write", "blobs that nothing names", cause);
    }
  }

  /** Drops what is not committed, and closes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#blobs[Symbol.dispose]();
    for (const writer of [...this.#writers]) {
      await writer[Symbol.asyncDispose]();
    }
    try {
      await this.#held.close(this.#isUsed);
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

  /** Reads a file directly in the folder; undefined if there is none. */
  async #document(name: string): Promise<string | undefined> {
    try {
      using file = new BlobReader(this.#held.root.at(name), this.path, name);
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
}

import { lutimesSync } from "node:fs";
import { comparePaths } from "../context/order.ts";
import { ProtocolError } from "../errors.ts";
import { quoted } from "../fsutil/entry_check.ts";
import type { ReceivedTree } from "../fsutil/received_tree.ts";
import { cannotExport, ExportError } from "./export_error.ts";
import type { ExportLimits } from "./exporter.ts";
import { FileWriter } from "./file_writer.ts";
import { setMode } from "./mode.ts";
import { setTime } from "./time.ts";

/**
 * The permission bits setuid and setgid, by which a program runs as its file's
 * owner or group.
 */
const SET_ID_BITS = 0o6000;

/**
 * The permissions and time of a folder. They are set at the end, because
 * writing in the folder may need other permissions and changes the time.
 */
export interface StagedFolder {
  /** Path relative to the root. */
  readonly path: string;
  /** Permissions, as in `chmod`. */
  readonly mode: number;
  /** Time of its last change. */
  readonly mtime: Date;
}

/**
 * How many bytes of UTF-8 all paths and link targets may have together. They
 * are kept in memory until the tree is complete; contents are not.
 */
const MAX_NAMES_BYTES = 256 * 1024 * 1024;

/** How many of the skipped paths are reported. */
const MAX_SKIPPED_PATHS = 10;

/**
 * A tree of files that is being written in a private folder. Existing files are
 * never overwritten.
 */
export class StagedTree implements ReceivedTree<FileWriter> {
  readonly #root: string;
  readonly #dest: string;
  readonly #limits: ExportLimits;
  readonly #open = new Set<FileWriter>();
  readonly #folders: StagedFolder[] = [];
  readonly #skippedPaths: string[] = [];
  #entries = 0;
  #bytes = 0;
  #namesBytes = 0;
  #skipped = 0;
  #over = false;

  /**
   * @param root An empty folder in which nobody else can write.
   * @param dest The destination as the caller named it, for messages.
   */
  constructor(root: string, dest: string, limits: ExportLimits) {
    this.#root = root;
    this.#dest = dest;
    this.#limits = limits;
  }

  /** The folders; each comes before those in it. */
  get folders(): readonly StagedFolder[] {
    return this.#folders;
  }

  /** What was received so far. */
  get counts(): {
    entries: number;
    bytes: number;
    skipped: number;
    skippedPaths: readonly string[];
  } {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      skipped: this.#skipped,
      skippedPaths: this.#skippedPaths,
    };
  }

  /**
   * Counts an entry before anything is written for it.
   *
   * @param size Length of its content, in bytes.
   * @param namesBytes Length of its path and of its link's target, in bytes.
   * @throws {ExportError} If a limit of the caller, or that of the names, is
   * exceeded.
   */
  claim(size: number, namesBytes: number): void {
    this.#entries++;
    this.#bytes += size;
    this.#namesBytes += namesBytes;
    if (this.#namesBytes > MAX_NAMES_BYTES) {
      throw new ExportError(
        `Cannot export: the paths in the result have more than ${MAX_NAMES_BYTES} bytes together; export fewer files, or take type "tar"`,
      );
    }
    const { maxEntries, maxBytes } = this.#limits;
    if (this.#entries > maxEntries || this.#bytes > maxBytes) {
      throw new ExportError(
        this.#entries > maxEntries
          ? `Cannot export: the result has more than ${maxEntries} entries (maxEntries)`
          : `Cannot export: the result has more than ${maxBytes} bytes (maxBytes)`,
      );
    }
  }

  /** Makes a folder. */
  folder(path: string, mode: number, mtime: Date): void {
    this.#make(path, (at) => {
      try {
        Deno.mkdirSync(at, { mode: 0o700 });
      } catch (error) {
        // It is there already if another call of the same build has made it:
        // with several platforms there is one call for each.
        const there = error instanceof Deno.errors.AlreadyExists &&
          Deno.lstatSync(at).isDirectory;
        if (!there) throw error;
      }
    });
    this.#folders.push({ path, mode, mtime });
  }

  /** Makes a symlink. The target is only written, never resolved. */
  symlink(path: string, target: string, mtime: Date): void {
    this.#make(path, (at) => {
      try {
        Deno.symlinkSync(target, at);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotCapable)) throw error;
        throw cannotExport(
          this.#dest,
          `${
            quoted(path)
          } is a symlink, and Deno makes one only with --allow-read and --allow-write without a path; allow that, or take type "tar"`,
        );
      }
      lutimesSync(at, mtime, mtime);
    });
  }

  /** Writes a small file at once. */
  file(path: string, mode: number, mtime: Date, bytes: Uint8Array): void {
    this.#make(path, (at) => {
      Deno.writeFileSync(at, bytes, { createNew: true, mode });
      // The system removes these bits when a user other than root writes to the
      // file.
      if ((mode & SET_ID_BITS) !== 0) setMode(at, mode);
      setTime(at, mtime);
    });
  }

  /** Begins to write a large file. */
  open(path: string): FileWriter {
    return this.#make(path, (at) => {
      const writer = FileWriter.create(at, 0o600);
      this.#open.add(writer);
      return writer;
    });
  }

  /** Completes a large file. */
  async end(
    writer: FileWriter,
    path: string,
    mode: number,
    mtime: Date,
  ): Promise<void> {
    this.#open.delete(writer);
    try {
      await writer.end();
    } catch (error) {
      throw this.unwritable(path, error);
    }
    this.#make(path, (at) => {
      setMode(at, mode);
      setTime(at, mtime);
    });
  }

  /**
   * Makes a hard link to a file of this tree; called when all files are
   * written.
   *
   * @throws {ProtocolError} If the target is not an earlier file of the tree.
   */
  link(path: string, target: string): void {
    // Entries come in the order of their paths, so an earlier file has a
    // smaller path.
    if (comparePaths(target, path) >= 0 || !this.#isFile(target)) {
      throw new ProtocolError(
        `The engine sent ${quoted(path)} as a hard link to ${
          quoted(target)
        }, which is no earlier file: nothing of it was kept`,
      );
    }
    this.#make(path, (at) => Deno.linkSync(this.#at(target), at));
  }

  /** Counts an entry that can't be written here. */
  skip(path: string): void {
    this.#skipped++;
    if (this.#skippedPaths.length < MAX_SKIPPED_PATHS) {
      this.#skippedPaths.push(path);
    }
  }

  /** Closes all files; after that nothing can be written. */
  async close(): Promise<void> {
    this.#over = true;
    const open = [...this.#open];
    this.#open.clear();
    for (const writer of open) await writer.close();
  }

  /** The error for an entry that can't be written. */
  unwritable(path: string, cause: unknown): ExportError {
    return cannotExport(this.#dest, `${quoted(path)} can't be written`, cause);
  }

  givenUp(reason: string): ExportError {
    return new ExportError(
      `The engine gave the transfer of the result up: ${reason}`,
    );
  }

  /** Whether a path leads to a file of the tree through folders only. */
  #isFile(path: string): boolean {
    try {
      const parts = path.split("/");
      return parts.every((_, index) => {
        const at = this.#at(parts.slice(0, index + 1).join("/"));
        const { isFile, isDirectory } = Deno.lstatSync(at);
        return index === parts.length - 1 ? isFile : isDirectory;
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw this.unwritable(path, error);
    }
  }

  #make<T>(path: string, make: (at: string) => T): T {
    if (this.#over) throw cannotExport(this.#dest, "the export was given up");
    try {
      return make(this.#at(path));
    } catch (error) {
      if (error instanceof ExportError) throw error;
      throw this.unwritable(path, error);
    }
  }

  #at(path: string): string {
    return `${this.#root}/${path}`;
  }
}

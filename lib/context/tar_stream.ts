import { ContextError } from "../errors.ts";
import { Slice } from "../streams/slices.ts";
import { turn } from "../streams/turn.ts";
import { contextError } from "./context_error.ts";
import { type ContextEntry, contextEntry } from "./entry.ts";
import type { FolderFile } from "./file.ts";
import type { ContextFilter } from "./filter.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { overlayEntries } from "./overlay.ts";
import { BLOCK_BYTES, tarEnd, tarHeader } from "./tar_header.ts";
import { unreadable } from "./unreadable.ts";
import { entryAt } from "./walk.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Length of a chunk, in bytes: as much as the system's pipes and an engine take
 * at once.
 */
const CHUNK_BYTES = 512 * 1024;

/** The contents of a tar. */
export interface TarContents {
  /** Real path of the folder; undefined if there is none. */
  readonly root: string | undefined;
  /** Decides which paths of the folder are packed. */
  readonly filter: ContextFilter;
  /**
   * Paths in the folder that are packed before all others, even if the filter
   * leaves them out; missing ones are skipped. An engine recognises a tar by
   * its first 1,024 bytes, so the first path must be short, and its time is in
   * whole seconds.
   */
  readonly first?: readonly string[];
  /**
   * Files that are not from the folder; they come before all others, and
   * replace what the folder has at their paths.
   */
  readonly files?: ReadonlyMap<string, Bytes>;
  /**
   * Files in memory that lie over the folder; the filter applies to them, too.
   */
  readonly memory?: MemoryFiles | undefined;
  /** Paths in the folder that are left out, even if the filter keeps them. */
  readonly without?: readonly string[];
  /** The latest time that an entry may have, in milliseconds since 1970. */
  readonly latestMs?: number | undefined;
}

/** The file that is being packed. */
interface OpenFile {
  readonly file: FolderFile;
  readonly path: string;
  /** How many bytes still have to be read. */
  left: number;
  /** How many zeros follow the content, to fill its last block. */
  readonly padding: number;
}

/**
 * The source of a stream that packs a folder as a tar while it is read: memory
 * holds one chunk, whatever the folder's size.
 */
export class TarSource implements UnderlyingDefaultSource<Bytes> {
  /** How many regular files were packed so far. */
  files = 0;
  readonly #prepare: () => Promise<TarContents>;
  readonly #signal: AbortSignal | undefined;
  #contents: TarContents | undefined;
  #entries: Iterator<ContextEntry | undefined, void, undefined> | undefined;
  #open: OpenFile | undefined;
  /** Bytes that are ready and did not fit into the last chunk. */
  #rest: Bytes | undefined;
  #isFirst = true;
  #isOver = false;
  #isReading = false;
  #isCancelled = false;
  #unlisten: (() => void) | undefined;

  /**
   * @param prepare Called with the first read.
   * @param signal Ends the stream, which fails with the signal's reason.
   */
  constructor(prepare: () => Promise<TarContents>, signal?: AbortSignal) {
    this.#prepare = prepare;
    this.#signal = signal;
  }

  /**
   * Listens to the signal, so that the stream also ends while nobody reads it.
   */
  start(controller: ReadableStreamDefaultController<Bytes>): void {
    if (this.#signal === undefined) return;
    const signal = this.#signal;
    const onAbort = () => {
      controller.error(signal.reason);
      this.cancel();
    };
    this.#unlisten = () => signal.removeEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  }

  /** Makes the next chunk. */
  async pull(
    controller: ReadableStreamDefaultController<Bytes>,
  ): Promise<void> {
    try {
      // Gives other work a turn: a fast reader would otherwise keep sockets and
      // timers waiting.
      await turn();
      const chunk = await this.#chunk();
      if (this.#isCancelled) return;
      if (chunk.length !== 0) controller.enqueue(chunk);
      if (chunk.length < CHUNK_BYTES) {
        this.#unlisten?.();
        controller.close();
      }
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  /**
   * Closes the open file; if it is being read, this happens when the read is
   * done.
   */
  cancel(): void {
    this.#isCancelled = true;
    this.#unlisten?.();
    if (!this.#isReading) this.#close();
  }

  #close(): void {
    this.#open?.file[Symbol.dispose]();
    this.#open = undefined;
    this.#entries = undefined;
  }

  /** Makes a chunk; it is full, unless it is the last one. */
  async #chunk(): Promise<Bytes> {
    this.#contents ??= await this.#prepare();
    this.#entries ??= entriesOf(this.#contents);
    const entries = this.#entries;
    const chunk = new Uint8Array(CHUNK_BYTES);
    let at = 0;
    const slice = new Slice();
    while (at < CHUNK_BYTES && !this.#isCancelled) {
      if (this.#rest !== undefined) {
        const part = this.#rest.subarray(0, CHUNK_BYTES - at);
        chunk.set(part, at);
        at += part.length;
        this.#rest = part.length < this.#rest.length
          ? this.#rest.subarray(part.length)
          : undefined;
      } else if (this.#open !== undefined) {
        at += await this.#read(this.#open, chunk.subarray(at));
      } else {
        const { value: entry, done } = entries.next();
        if (done) {
          if (this.#isOver) return chunk.subarray(0, at);
          this.#isOver = true;
          this.#rest = tarEnd();
        } else if (entry !== undefined) await this.#begin(entry);
        else if (slice.over) await slice.next();
      }
    }
    return chunk;
  }

  async #begin(entry: ContextEntry): Promise<void> {
    // A tar has no type for sockets; docker leaves them out, too.
    if (entry.type === "socket") return;
    const { root, files, memory, latestMs = Infinity } = this.#contents!;
    const bytes = files?.get(entry.path) ?? memory?.content(entry.path);
    const size = entry.type === "file" && entry.hardlink === undefined
      ? entry.size
      : 0;
    let file: FolderFile | undefined;
    if (size > 0 && bytes === undefined) {
      file = await openFile(root!, entry.path, size);
      if (this.#isCancelled) return file?.[Symbol.dispose]();
      if (file === undefined) return; // gone since it was listed
    }
    let mtimeMs = Math.min(entry.mtimeMs, latestMs);
    if (this.#isFirst) mtimeMs = Math.floor(mtimeMs / 1000) * 1000;
    this.#isFirst = false;
    if (entry.type === "file") this.files++;
    const header = tarHeader(entry, mtimeMs);
    const padding = (BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES;
    if (bytes === undefined) {
      this.#rest = header;
      if (file === undefined) return;
      this.#open = { file, path: entry.path, left: size, padding };
      return;
    }
    this.#rest = new Uint8Array(header.length + size + padding);
    this.#rest.set(header);
    this.#rest.set(bytes, header.length);
  }

  /**
   * Reads into a chunk whose bytes are all zeros; returns how many bytes were
   * used.
   */
  async #read(open: OpenFile, room: Bytes): Promise<number> {
    const { file, path } = open;
    if (open.left > 0) {
      const part = room.subarray(0, open.left);
      let count: number;
      try {
        // A small file is read at once; a large one may have to wait for the
        // disk.
        this.#isReading = true;
        count = open.left <= 64 * 1024
          ? file.readSync(part)
          : await file.read(part);
      } catch (error) {
        throw unreadable(`${this.#contents!.root}/${path}`, error);
      } finally {
        this.#isReading = false;
        if (this.#isCancelled) this.#close();
      }
      if (count === 0) {
        throw contextError(
          `${path} became ${open.left} bytes shorter while it was sent; try again when nobody writes to it`,
        );
      }
      open.left -= count;
      return count;
    }
    file[Symbol.dispose]();
    this.#open = undefined;
    // The padding always fits: everything written, and the chunk itself, is a
    // multiple of the block length. Its zeros are there already.
    return open.padding;
  }
}

/** All entries in the order in which they are packed. */
function* entriesOf(
  contents: TarContents,
): Generator<ContextEntry | undefined, void, undefined> {
  const {
    root,
    filter,
    first = [],
    files = new Map(),
    memory,
    without = [],
  } = contents;
  for (const [path, bytes] of files) {
    yield contextEntry({
      path,
      type: "file",
      mode: 0o644,
      size: bytes.length,
    });
  }
  // They are left out within the walk, because no hard link may point to one of
  // them.
  const out = new Set([...files.keys(), ...without]);
  const done = new Set<string>();
  for (const path of first) {
    if (out.has(path)) continue;
    const entry = memory?.at(path) ??
      (root === undefined || memory?.hides(path)
        ? undefined
        : entryAt(root, path));
    if (entry === undefined || entry.type === "directory") continue;
    done.add(path);
    yield entry;
  }
  for (const entry of overlayEntries(root, memory, filter, out)) {
    const isOut = entry !== undefined &&
      (done.has(entry.path) || out.has(entry.path));
    if (!isOut) yield entry;
  }
}

/**
 * Loaded with the first file, because the modules that it needs take time to
 * load.
 */
let files: typeof import("./file.ts") | undefined;

/** Opens a file; undefined if it is gone. */
async function openFile(
  root: string,
  path: string,
  size: number,
): Promise<FolderFile | undefined> {
  files ??= await import("./file.ts");
  try {
    return new files.FolderFile(root, path, size);
  } catch (error) {
    if (error instanceof ContextError) throw error;
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(`${root}/${path}`, error);
  }
}

import { ContextError } from "../errors.ts";
import { Slice } from "../streams/slices.ts";
import { turn } from "../streams/turn.ts";
import { contextError } from "./context_error.ts";
import type { ContextEntry } from "./entry.ts";
import type { FolderFile } from "./file.ts";
import type { ContextFilter } from "./filter.ts";
import type { MemoryFiles } from "./memory_files.ts";
import { overlayEntries } from "./overlay.ts";
import { BLOCK_BYTES, tarEnd, tarHeader } from "./tar_header.ts";
import { unreadable } from "./unreadable.ts";
import { entryAt } from "./walk.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How much comes at once: what the system's pipes and an engine take in one go. */
const CHUNK_BYTES = 512 * 1024;

/** What a tar is made of. */
export interface TarContents {
  /** Real path of the folder; undefined for none. */
  readonly root: string | undefined;
  /** What of the folder is wanted. */
  readonly filter: ContextFilter;
  /**
   * Paths in the folder that come before everything else, wanted or not; what
   * is not there is left out. An engine takes a tar for one by its first 1,024
   * bytes, so the first has a short name, and no parts of a second.
   */
  readonly first?: readonly string[];
  /** Files that are in no folder, before all others; a path in the folder is replaced. */
  readonly files?: ReadonlyMap<string, Bytes>;
  /** Files that lie over the folder, and are wanted as those in it are. */
  readonly memory?: MemoryFiles | undefined;
  /** Paths in the folder that are left out, wanted or not. */
  readonly without?: readonly string[];
  /** No time is later, in milliseconds since 1970. */
  readonly latestMs?: number | undefined;
}

/** A file that is on its way. */
interface OpenFile {
  readonly file: FolderFile;
  readonly path: string;
  /** Bytes that are still to come. */
  left: number;
  /** The zeros behind them. */
  readonly padding: number;
}

/**
 * A folder as a tar, made while it is read: memory holds one chunk, whatever
 * the folder's size.
 */
export class TarSource implements UnderlyingDefaultSource<Bytes> {
  /** Regular files that have been put into it so far. */
  files = 0;
  readonly #prepare: () => Promise<TarContents>;
  readonly #signal: AbortSignal | undefined;
  #contents: TarContents | undefined;
  #entries: Iterator<ContextEntry | undefined, void, undefined> | undefined;
  #open: OpenFile | undefined;
  /** What is ready and did not fit into the last chunk. */
  #rest: Bytes | undefined;
  #isFirst = true;
  #isOver = false;
  #isReading = false;
  #isCancelled = false;
  #unlisten: (() => void) | undefined;

  /**
   * @param prepare Called with the first read.
   * @param signal Ends it with its reason.
   */
  constructor(prepare: () => Promise<TarContents>, signal?: AbortSignal) {
    this.#prepare = prepare;
    this.#signal = signal;
  }

  /** Listens to the signal, also while nobody reads. */
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
      // So that sockets are read and timers run however fast the reader is.
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

  /** Closes what is open; a file that is being read, when that is done. */
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

  /** A full chunk; a shorter one is the last. */
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
    // A tar has no form for it; docker's own leaves it out, too.
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

  /** Reads into a chunk that is all zeros; returns how far it is filled. */
  async #read(open: OpenFile, room: Bytes): Promise<number> {
    const { file, path } = open;
    if (open.left > 0) {
      const part = room.subarray(0, open.left);
      let count: number;
      try {
        // What is small is at hand; a large one may wait for its disk.
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
    // All that is written has whole blocks, and so has a chunk: there is room.
    return open.padding;
  }
}

/** All entries in their order. */
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
    yield {
      path,
      type: "file",
      mode: 0o644,
      size: bytes.length,
      mtimeMs: 0,
      stamp: 0,
      target: undefined,
      hardlink: undefined,
      major: 0,
      minor: 0,
    };
  }
  // The walk itself leaves them out: no hard link may point to one of them.
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

/** Loaded with the first file: what it stands on takes time. */
let files: typeof import("./file.ts") | undefined;

/** Undefined if there is none any more. */
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

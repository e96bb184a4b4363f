import type { ContextEntry, ContextEntryType } from "./entry.ts";
import { isExportName } from "./export_name.ts";
import { ContextFilter, type FilterState } from "./filter.ts";
import { sortNames } from "./order.ts";
import { isGone, notUtf8, swapped, unreadable } from "./unreadable.ts";

const NOTHING: ReadonlySet<string> = new Set();

const encoder = new TextEncoder();

/** The content of a folder. */
interface Listing {
  /** The names of all entries, in the order of the walk. */
  readonly names: readonly string[];
  /** The names of those that are folders. */
  readonly folders: ReadonlySet<string>;
}

/** After this many entries that are left out in a row, the walk pauses. */
const SKIPPED_A_PAUSE = 64;

/** A folder on the way from the root to the current entry. */
interface Level {
  /** Path relative to the root, with a `/` at the end; empty for the root. */
  readonly prefix: string;
  readonly listing: Listing;
  next: number;
  readonly state: FilterState;
  /**
   * The folder's own entry if it still has to be given out: only once something
   * in it is.
   */
  pending: ContextEntry | undefined;
}

/**
 * Walks a folder and gives out the entries that the filter keeps, in the order
 * that the engine expects: a folder comes before what is in it, and siblings
 * are sorted by the bytes of their names. A folder that the filter does not
 * keep is given out, too, before the first kept entry in it. Links are not
 * followed, except if `root` itself is one.
 *
 * The walk reads synchronously (a few microseconds per entry), and only when it
 * is asked for the next entry, so the caller decides when to pause. It gives
 * out `undefined` if it has worked for long without finding an entry.
 *
 * Entries that vanish after their folder was listed are left out, and so are
 * temporary files of exports ({@linkcode isExportName}).
 *
 * @param root The folder's real path.
 * @param without Paths in it that are left out with everything below them, even
 * if the filter keeps them.
 * @throws {ContextError} If a kept file or folder can't be read, or its name is
 * not UTF-8 (Deno can't open it). Also if a folder is replaced by a link
 * meanwhile, so that nothing outside of the root is given out.
 */
export function* walkContext(
  root: string,
  filter: ContextFilter = new ContextFilter(),
  without: ReadonlySet<string> = NOTHING,
): Generator<ContextEntry | undefined, void, undefined> {
  const base = root.endsWith("/") ? root : `${root}/`;
  const links = new Map<string, string>();
  const { keepsAll } = filter;
  const levels: Level[] = [{
    prefix: "",
    listing: listFolder(base, true) ?? { names: [], folders: new Set() },
    next: 0,
    state: filter.root,
    pending: undefined,
  }];
  for (let skipped = 1; levels.length > 0; skipped++) {
    if (skipped % SKIPPED_A_PAUSE === 0) yield;
    const level = levels[levels.length - 1]!;
    const { names, folders } = level.listing;
    if (level.next === names.length) {
      levels.pop();
      // The entries were read by this folder's path: check that it was not
      // replaced.
      checkPlace((base + level.prefix).slice(0, -1) || "/");
      continue;
    }
    const name = names[level.next++]!;
    const path = level.prefix + name;
    if (without.has(path)) continue;
    const state = keepsAll
      ? level.state
      : yield* filter.steps(path, level.state);
    if (!state.keep && !(state.enter && folders.has(name))) continue;
    const entry = readEntry(base, path, links);
    if (entry === undefined) {
      // Deno replaces bytes that are not UTF-8 by U+FFFD, and then finds no
      // file of that name.
      if (state.keep && name.includes("\uFFFD")) throw notUtf8(base + path);
      continue;
    }
    if (state.keep) {
      // The folders above that were not given out yet, outermost first.
      for (const above of levels) {
        if (above.pending === undefined) continue;
        yield above.pending;
        above.pending = undefined;
      }
      yield entry;
      skipped = 0;
    }
    if (entry.type !== "directory" || !state.enter) continue;
    const listing = listFolder(base + path, state.keep);
    if (listing === undefined || !checkPlace(base + path)) continue;
    levels.push({
      prefix: `${path}/`,
      listing,
      next: 0,
      state,
      pending: state.keep ? undefined : entry,
    });
  }
}

/**
 * Lists a folder; undefined if it is gone, or if it is not wanted itself and
 * may not be read.
 */
function listFolder(path: string, wanted: boolean): Listing | undefined {
  const names: string[] = [];
  const folders = new Set<string>();
  try {
    for (const { name, isDirectory } of Deno.readDirSync(path)) {
      if (isExportName(name)) continue;
      names.push(name);
      if (isDirectory) folders.add(name);
    }
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!wanted && error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw unreadable(path, error);
  }
  return { names: sortNames(names), folders };
}

/**
 * Checks that a folder is still where it was found; false if it is gone.
 *
 * @param path Its real path when it was found.
 * @throws {ContextError} If the folder, or one above it, was replaced by a
 * link.
 */
function checkPlace(path: string): boolean {
  let real: string;
  try {
    real = Deno.realPathSync(path);
  } catch (error) {
    if (isGone(error)) return false;
    throw unreadable(path, error);
  }
  const isWindows = Deno.build.os === "windows";
  const expected = isWindows ? path.replaceAll("/", "\\") : path;
  if (real !== expected) throw swapped(path);
  return true;
}

/**
 * Reads the entry at a path below a folder; undefined if there is none.
 *
 * @throws {ContextError} If it can't be read.
 */
export function entryAt(root: string, path: string): ContextEntry | undefined {
  return readEntry(root.endsWith("/") ? root : `${root}/`, path, new Map());
}

/** Reads one entry; undefined if it is gone. */
function readEntry(
  base: string,
  path: string,
  links: Map<string, string>,
): ContextEntry | undefined {
  const full = base + path;
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(full);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(full, error);
  }
  const type = typeOf(info);
  let hardlink: string | undefined;
  if (type === "file" && info.nlink !== null && info.nlink > 1) {
    const key = `${info.dev}:${info.ino}`;
    hardlink = links.get(key);
    if (hardlink === undefined) links.set(key, path);
  }
  const target = type === "symlink" ? readLink(full) : undefined;
  if (type === "symlink" && target === undefined) return undefined;
  const isDevice = type === "char-device" || type === "block-device";
  return {
    path,
    type,
    mode: modeOf(info, type),
    size: type === "file" ? info.size : lengthOf(target),
    mtimeMs: info.mtime?.getTime() ?? 0,
    stamp: stampOf(info),
    target,
    hardlink,
    major: isDevice ? majorOf(info.rdev ?? 0) : 0,
    minor: isDevice ? minorOf(info.rdev ?? 0) : 0,
  };
}

/**
 * If the file and its inode changed within this time, the file's time was set
 * by an ordinary write, in milliseconds. It is more than a second, because Deno
 * reports the inode's time in whole seconds.
 */
const WRITTEN_WITHIN_MS = 2000;

/**
 * The nanoseconds below the millisecond, which Deno does not report. They are 0
 * where docker would send 0, and for files that were written in the ordinary
 * way: files of the same time must keep the same time, or `make` would see a
 * wrong order. If a time was set by hand and has a fraction of a second, the
 * value is made from the second in which it was set, so that two such times
 * differ.
 */
function stampOf({ mtime, ctime }: Deno.FileInfo): number {
  const written = mtime?.getTime() ?? 0;
  const changed = ctime?.getTime() ?? written;
  if (written % 1000 === 0) return 0;
  if (Math.abs(changed - written) < WRITTEN_WITHIN_MS) return 0;
  const mixed = Math.imul(Math.floor(changed / 1000), 0x9e3779b1);
  return ((mixed ^ mixed >>> 15) >>> 0) % 1_000_000;
}

/**
 * The length of a link's target in bytes, which file systems report as the
 * link's size.
 */
function lengthOf(target: string | undefined): number {
  return target === undefined ? 0 : encoder.encode(target).length;
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof Deno.errors.InvalidData) {
      throw notUtf8(`the target of the link ${path}`);
    }
    throw unreadable(path, error);
  }
}

function typeOf(info: Deno.FileInfo): ContextEntryType {
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  if (info.isSymlink) return "symlink";
  if (info.isFifo) return "fifo";
  if (info.isSocket) return "socket";
  return info.isBlockDevice ? "block-device" : "char-device";
}

/** Windows has no such permissions: docker's clients send 0755 there. */
function modeOf(info: Deno.FileInfo, type: ContextEntryType): number {
  if (type === "symlink") return 0o777;
  return info.mode === null ? 0o755 : info.mode & 0o7777;
}

/** Linux stores a device number in four pieces (glibc's `gnu_dev_major`). */
function majorOf(rdev: number): number {
  return Number(
    (BigInt(rdev) >> 8n & 0xfffn) | (BigInt(rdev) >> 32n & 0xfffff000n),
  );
}

function minorOf(rdev: number): number {
  return Number(
    (BigInt(rdev) & 0xffn) | (BigInt(rdev) >> 12n & 0xffffff00n),
  );
}

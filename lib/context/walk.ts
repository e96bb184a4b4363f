import type { ContextEntry, ContextEntryType } from "./entry.ts";
import { isExportName } from "./export_name.ts";
import { ContextFilter, type FilterState } from "./filter.ts";
import { sortNames } from "./order.ts";
import { isGone, notUtf8, swapped, unreadable } from "./unreadable.ts";

const NOTHING: ReadonlySet<string> = new Set();

const encoder = new TextEncoder();

/** What a folder holds. */
interface Listing {
  /** In the order of the walk. */
  readonly names: readonly string[];
  /** Those that are folders themselves. */
  readonly folders: ReadonlySet<string>;
}

/** How many entries are left out, at most, between two that the walk gives out. */
const SKIPPED_A_PAUSE = 64;

/** A folder that the walk is in. */
interface Level {
  /** Path below the root with a `/` behind it; empty for the root. */
  readonly prefix: string;
  readonly listing: Listing;
  next: number;
  readonly state: FilterState;
  /** The folder's own entry, as long as it was not given out. */
  pending: ContextEntry | undefined;
}

/**
 * Every entry of a folder that the filter keeps, in the order that the engine
 * wants: a folder, then all that is in it, siblings by the bytes of their
 * names. A folder that is not kept itself comes before the first kept thing in
 * it. Links are not followed, except one that `root` itself is.
 *
 * It reads synchronously, a few microseconds an entry, and only when it is
 * asked for the next: whoever takes the entries decides when to pause. It gives
 * out `undefined` where it has worked for long and has nothing to give.
 *
 * What vanishes between its listing and its turn is left out, and so is what an
 * export is written to meanwhile ({@linkcode isExportName}).
 *
 * @param root Its real path.
 * @param without Paths in it that are left out with all that is in them,
 * whatever the filter says.
 * @throws {ContextError} If a folder or file that is kept can't be read, or has
 * a name that is not UTF-8: Deno has no way to open it. Also if somebody puts a
 * link in the place of a folder meanwhile: nothing outside of the root is told.
 */
export function* walkContext(
  root: string,
  filter: ContextFilter = new ContextFilter(),
  without: ReadonlySet<string> = NOTHING,
): Generator<ContextEntry | undefined, void, undefined> {
  const base = root.endsWith("/") ? root : `${root}/`;
  const links = new Map<string, string>();
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
      // What was told of its entries was looked up by its path.
      checkPlace((base + level.prefix).slice(0, -1) || "/");
      continue;
    }
    const name = names[level.next++]!;
    const path = level.prefix + name;
    if (without.has(path)) continue;
    const state = yield* filter.steps(path, level.state);
    if (!state.keep && !(state.enter && folders.has(name))) continue;
    const entry = readEntry(base, path, links);
    if (entry === undefined) {
      // Deno writes U+FFFD for a byte that is no UTF-8, and finds no such file.
      if (state.keep && name.includes("\uFFFD")) throw notUtf8(base + path);
      continue;
    }
    if (state.keep) {
      // Folders above that are not kept themselves, outermost first.
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

/** What is in a folder; undefined if it is gone, or closed to us and not wanted. */
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
 * Whether a folder is still where it was found; false if it is gone.
 *
 * @param path Its real path, when it was found.
 * @throws {ContextError} If a link took the place of it, or of one above it.
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
 * The entry at a path below a folder; undefined if there is none.
 *
 * @throws {ContextError} If it can't be looked at.
 */
export function entryAt(root: string, path: string): ContextEntry | undefined {
  return readEntry(root.endsWith("/") ? root : `${root}/`, path, new Map());
}

/** One entry; undefined if it is gone. */
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

/** A file that was just written has its inode changed at the same time; Deno tells that one in seconds. */
const WRITTEN_WITHIN_MS = 2000;

/**
 * What stands below the milliseconds, which Deno does not tell. Zero wherever
 * docker would send zero, too, and for a file that nobody did anything special
 * to: files of one time stay files of one time, or `make` would see an order
 * that there is not. Where a time was set by hand, and has parts of a second,
 * the second in which that was done tells one such time from another.
 */
function stampOf({ mtime, ctime }: Deno.FileInfo): number {
  const written = mtime?.getTime() ?? 0;
  const changed = ctime?.getTime() ?? written;
  if (written % 1000 === 0) return 0;
  if (Math.abs(changed - written) < WRITTEN_WITHIN_MS) return 0;
  const mixed = Math.imul(Math.floor(changed / 1000), 0x9e3779b1);
  return ((mixed ^ mixed >>> 15) >>> 0) % 1_000_000;
}

/** In bytes: what a file system tells as the length of a link with this target. */
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

/** Windows has no permissions: docker's clients then say "everything that makes sense". */
function modeOf(info: Deno.FileInfo, type: ContextEntryType): number {
  if (type === "symlink") return 0o777;
  return info.mode === null ? 0o755 : info.mode & 0o7777;
}

/** Linux cuts a device number in four pieces (glibc's `gnu_dev_major`). */
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

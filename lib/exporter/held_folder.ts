import * as fs from "node:fs";
import { mayAskForPlaces, placeOf } from "../open_file.ts";
import { ExportError } from "./export_error.ts";
import { heldNames } from "./held_names.ts";

/**
 * Linux's flag `O_PATH`, which node does not define: opens a folder even if it
 * can't be read.
 */
const O_PATH = 0o10000000;

/**
 * Whether folders can be held by their descriptors here; undefined until tried.
 */
let canHold: boolean | undefined;

/**
 * A folder that an export writes in, protected from being swapped for a link.
 * On Linux an open folder's entries can be named `/proc/self/fd/N/NAME`: this
 * still leads to the same folder if the folder, or one above it, is replaced by
 * a link. Deno allows such paths only for a program with all permissions. In
 * all other cases the folder is checked before each use, so there is a short
 * time between check and use in which it could be swapped.
 */
export class HeldFolder implements Disposable {
  /** The path at which it was found, links resolved. */
  readonly name: string;
  /** Its descriptor; undefined where it can't be held. */
  readonly #fd: number | undefined;
  readonly #id: { readonly dev: number; readonly ino: number | null };

  private constructor(path: string, name: string) {
    canHold ??= mayAskForPlaces();
    this.name = name;
    if (canHold) {
      this.#fd = openFolder(path, name);
      heldNames.set(this.#fd, name);
      this.#id = fs.fstatSync(this.#fd);
    } else {
      this.#id = lookAt(path, name);
    }
  }

  /**
   * Opens a folder.
   *
   * @param path Its real path.
   * @throws {ExportError} If the folder, or one above it, was replaced by a
   * link.
   */
  static open(path: string): HeldFolder {
    const folder = new HeldFolder(path, path);
    if (folder.#fd === undefined || placeOf(folder.#fd) === path) return folder;
    folder[Symbol.dispose]();
    throw exchanged(path);
  }

  /**
   * Whether it is held by its descriptor; otherwise it is checked before each
   * use.
   */
  get isHeld(): boolean {
    return this.#fd !== undefined;
  }

  /** A path that leads to this folder now. */
  get path(): string {
    if (this.#fd !== undefined) return `/proc/self/fd/${this.#fd}`;
    const { dev, ino } = lookAt(this.name, this.name);
    if (dev !== this.#id.dev || ino !== this.#id.ino) {
      throw exchanged(this.name);
    }
    return this.name;
  }

  /** A path that leads to an entry of this folder. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /**
   * Opens a folder in this folder.
   *
   * @throws {Error} If it is not a folder, or is a link to one.
   */
  child(name: string): HeldFolder {
    const above = this.name === "/" ? "" : this.name;
    return new HeldFolder(this.at(name), `${above}/${name}`);
  }

  /** The folder's metadata. */
  get info(): Deno.FileInfo {
    return this.#fd === undefined
      ? Deno.lstatSync(this.path)
      : Deno.statSync(this.path);
  }

  /** Whether this is a different folder from the one with this id. */
  isOther(than: HeldFolder["id"]): boolean {
    return this.#id.dev !== than.dev || this.#id.ino !== than.ino;
  }

  /** Device and inode, which identify the folder. */
  get id(): { readonly dev: number; readonly ino: number | null } {
    const { dev, ino } = this.#id;
    return { dev, ino };
  }

  /** Closes the folder's descriptor. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined || !heldNames.delete(this.#fd)) return;
    fs.closeSync(this.#fd);
  }
}

function openFolder(path: string, name: string): number {
  const { O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  try {
    return fs.openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const { code } = error as { code?: string };
    throw code === "ENOTDIR" || code === "ELOOP" ? exchanged(name) : error;
  }
}

/**
 * Reads the metadata of a folder; fails if it, or a folder above it, is a link.
 */
function lookAt(path: string, name: string): Deno.FileInfo {
  const info = Deno.lstatSync(path);
  const isWindows = Deno.build.os === "windows";
  if (!info.isDirectory || !isWindows && Deno.realPathSync(path) !== path) {
    throw exchanged(name);
  }
  return info;
}

/** The error for a folder that was replaced while it was written to. */
export function exchanged(name: string): ExportError {
  return new ExportError(
    `The export was stopped: the folder ${
      JSON.stringify(name)
    }, or one above it, was exchanged for another one or for a link while it was written to; export to a folder that nobody else writes to`,
  );
}

/**
 * Whether a folder can be written by anybody but root: by its owner, its group,
 * or all.
 */
function isShared({ uid, mode }: Deno.FileInfo): boolean {
  return uid !== 0 || (mode! & 0o022) !== 0;
}

/**
 * Refuses an export by root into a folder that others may write and that can't
 * be held by its descriptor: they could redirect what root writes.
 *
 * @param ours A folder that this program made; its owner is the user of the
 * program.
 * @throws {ExportError} If the folder is refused.
 */
export function refuseShared(folder: HeldFolder, ours: HeldFolder): void {
  if (folder.isHeld || Deno.build.os === "windows") return;
  if (ours.info.uid !== 0 || !isShared(folder.info)) return;
  throw new ExportError(
    `Cannot export to ${
      JSON.stringify(folder.name)
    } as root: others may write there, and could lead what is written elsewhere; export to a folder of root's alone, run as its owner, or, on Linux with Deno 2.8 or newer, allow the program everything (-A)`,
  );
}

import * as fs from "node:fs";
import { mayAskForPlaces, placeOf } from "../open_file.ts";
import { ExportError } from "./export_error.ts";
import { heldNames } from "./held_names.ts";

/** Linux's `O_PATH`, which node doesn't name: to hold a folder, readable or not. */
const O_PATH = 0o10000000;

/** Whether folders can be held by their descriptors here; found out once. */
let canHold: boolean | undefined;

/**
 * A folder that an export works in. Linux names what is in an open folder by
 * `/proc/self/fd/N/NAME`: whoever exchanges the folder, or one above it, for a
 * link changes nothing about that any more. Deno lets only a program use it
 * that may do everything; anywhere else the folder is looked at before each
 * use, which leaves the moment in between.
 */
export class HeldFolder implements Disposable {
  /** Its path as it was found, links resolved. */
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
   * Takes hold of a folder.
   *
   * @param path Its real path.
   * @throws {ExportError} If a link took its place, or that of one above it.
   */
  static open(path: string): HeldFolder {
    const folder = new HeldFolder(path, path);
    if (folder.#fd === undefined || placeOf(folder.#fd) === path) return folder;
    folder[Symbol.dispose]();
    throw exchanged(path);
  }

  /** Whether it is held, and not only looked at before each use. */
  get isHeld(): boolean {
    return this.#fd !== undefined;
  }

  /** A path that leads to it. */
  get path(): string {
    if (this.#fd !== undefined) return `/proc/self/fd/${this.#fd}`;
    const { dev, ino } = lookAt(this.name, this.name);
    if (dev !== this.#id.dev || ino !== this.#id.ino) {
      throw exchanged(this.name);
    }
    return this.name;
  }

  /** A path that leads to something in it. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /**
   * Takes hold of a folder in it.
   *
   * @throws {Error} If it is no folder, or a link to one.
   */
  child(name: string): HeldFolder {
    const above = this.name === "/" ? "" : this.name;
    return new HeldFolder(this.at(name), `${above}/${name}`);
  }

  /** What the system tells of it. */
  get info(): Deno.FileInfo {
    return this.#fd === undefined
      ? Deno.lstatSync(this.path)
      : Deno.statSync(this.path);
  }

  /** Whether it is another folder than one that was held before. */
  isOther(than: HeldFolder["id"]): boolean {
    return this.#id.dev !== than.dev || this.#id.ino !== than.ino;
  }

  /** What tells it from every other folder. */
  get id(): { readonly dev: number; readonly ino: number | null } {
    const { dev, ino } = this.#id;
    return { dev, ino };
  }

  /** Lets it go. */
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

/** The folder itself, where nothing above it is a link. */
function lookAt(path: string, name: string): Deno.FileInfo {
  const info = Deno.lstatSync(path);
  const isWindows = Deno.build.os === "windows";
  if (!info.isDirectory || !isWindows && Deno.realPathSync(path) !== path) {
    throw exchanged(name);
  }
  return info;
}

/** Somebody else is at work in the folder. */
export function exchanged(name: string): ExportError {
  return new ExportError(
    `The export was stopped: the folder ${
      JSON.stringify(name)
    }, or one above it, was exchanged for another one or for a link while it was written to; export to a folder that nobody else writes to`,
  );
}

/** Who may write in a folder besides root: its owner, its group, or all. */
function isShared({ uid, mode }: Deno.FileInfo): boolean {
  return uid !== 0 || ((mode ?? 0) & 0o022) !== 0;
}

/**
 * Refuses root's export into a folder where it could be led astray: one that
 * others may write, and that can't be held.
 *
 * @param ours A folder that this program made: its owner is who we are.
 * @throws {ExportError} If it is one.
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

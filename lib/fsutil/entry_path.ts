import { compareNames } from "../context/order.ts";
import { ProtocolError } from "../errors.ts";

/** What Linux takes: bytes of one name, and of a whole path. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;

/** What Windows reads as something else than a part of a name. */
const WINDOWS_REGEXP = /[\\:]/;

const encoder = new TextEncoder();
const scratch = new Uint8Array(MAX_PATH_BYTES + 1);

/**
 * Checks that a path leads down from where it begins: relative, clean, not too
 * long, and one that every system reads the same way.
 *
 * @throws {ProtocolError} If it does not.
 */
export function checkEntryPath(path: string): void {
  const fault = faultOf(path);
  if (fault !== undefined) {
    throw new ProtocolError(
      `The engine sent ${quoted(path)}, ${fault}: nothing of it was kept`,
    );
  }
}

function faultOf(path: string): string | undefined {
  if (path === "") return "an empty path";
  if (path.startsWith("/")) return "an absolute path";
  if (path.includes("\0")) return "a path with a NUL";
  if (byteLength(path) > MAX_PATH_BYTES) return "a path that is too long";
  if (Deno.build.os === "windows" && WINDOWS_REGEXP.test(path)) {
    return "a path that Windows can't have";
  }
  for (const part of path.split("/")) {
    if (part === "" || part === ".") return "an unclean path";
    if (part === "..") return "a path that leads out of the folder";
    if (byteLength(part) > MAX_NAME_BYTES) return "a name that is too long";
  }
}

/** The path for a message: as JSON, and cut where it is long. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}

/** Bytes of UTF-8; for a text of more than a path can have, just too many. */
export function byteLength(text: string): number {
  if (text.length > MAX_PATH_BYTES) return text.length;
  const { read, written } = encoder.encodeInto(text, scratch);
  return read < text.length ? scratch.length : written;
}

/**
 * The order that entries have to come in (`fsutil/validator.go`): every folder
 * before what is in it, names ascending. So an entry's parents are folders of
 * this transfer, and no path comes twice.
 */
export class EntryOrder {
  /** The folders that the last entry lies in, from the root on, with the last name in each. */
  readonly #open: { readonly path: string; last: string }[] = [
    { path: "", last: "" },
  ];

  /**
   * Takes the next path, checked before.
   *
   * @throws {ProtocolError} If it is out of order, or its folder was not sent.
   */
  next(path: string, isFolder: boolean): void {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : path.slice(0, slash);
    const name = path.slice(slash + 1);
    let depth = this.#open.length - 1;
    while (depth > 0 && this.#open[depth]!.path !== parent) depth--;
    const folder = this.#open[depth]!;
    if (folder.path !== parent || compareNames(name, folder.last) <= 0) {
      throw new ProtocolError(
        `The engine sent ${quoted(path)} out of order, behind ${
          quoted(
            folder.path === "" ? folder.last : `${folder.path}/${folder.last}`,
          )
        }: nothing of it was kept`,
      );
    }
    this.#open.length = depth + 1;
    folder.last = name;
    if (isFolder) this.#open.push({ path, last: "" });
  }
}

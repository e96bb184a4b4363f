import { ProtocolError } from "../errors.ts";
import type { Stat } from "./packets.ts";

/** The limits of Linux for one name and for a whole path, in bytes. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;

/** The longest target of a symlink, in bytes. */
const MAX_TARGET_BYTES = 4095;

/**
 * Characters that Windows does not allow within a name: it reads them as
 * separators.
 */
const WINDOWS_REGEXP = /[\\:]/;

const encoder = new TextEncoder();
const scratch = new Uint8Array(MAX_PATH_BYTES + 1);

/**
 * Checks that a path stays in its folder: it must be relative, clean, not too
 * long, and mean the same on every system.
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

/**
 * Checks the numbers of an entry.
 *
 * @throws {ProtocolError} If no file can have such numbers.
 */
export function checkNumbers({ path, mode, size }: Stat): void {
  if (mode < 0 || mode > 0xffffffff || size < 0) {
    throw new ProtocolError(
      `The engine sent ${
        quoted(path)
      } with an impossible mode or size: nothing of it was kept`,
    );
  }
}

/**
 * Checks the target of a symlink by the rules of a file system.
 *
 * @throws {ProtocolError} If no symlink can have this target.
 */
export function checkTarget(path: string, target: string): void {
  if (
    target === "" || target.includes("\0") ||
    byteLength(target) > MAX_TARGET_BYTES
  ) {
    throw new ProtocolError(
      `The engine sent ${
        quoted(path)
      } as a symlink that no system can have: nothing of it was kept`,
    );
  }
}

/** A path for a message: as JSON, and shortened if it is long. */
export function quoted(path: string): string {
  return JSON.stringify(
    path.length > 200 ? `${path.slice(0, 200).toWellFormed()}…` : path,
  );
}

/**
 * Length of a text in UTF-8; for a text longer than any path, a number that is
 * above the limit.
 */
export function byteLength(text: string): number {
  const { read, written } = encoder.encodeInto(text, scratch);
  return read < text.length ? scratch.length : written;
}

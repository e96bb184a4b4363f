// @ts-types="../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { ContextError } from "../errors.ts";
import { unreadable } from "./unreadable.ts";

/** The folder of a context, found and known. */
export interface ContextRoot {
  /** Its real path, links resolved. */
  readonly path: string;
  /**
   * Names this folder, and no other one, to an engine that keeps what was sent
   * of it: a hash of the real path, the inode and its time of birth.
   */
  readonly key: string;
}

/**
 * Finds the folder at a path.
 *
 * @throws {ContextError} If there is none, or it can't be read.
 */
export async function findRoot(path: string | URL): Promise<ContextRoot> {
  let real: string;
  let info: Deno.FileInfo;
  try {
    real = await Deno.realPath(path);
    info = await Deno.stat(real);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new ContextError(
        `Cannot build: there is no folder ${path}; a tar is given as a stream`,
        { cause: error },
      );
    }
    throw unreadable(String(path), error);
  }
  if (!info.isDirectory) {
    throw new ContextError(
      `Cannot build: ${path} is no folder; a tar is given as a stream, as in (await Deno.open(path)).readable`,
    );
  }
  const identity = [
    "davit",
    real,
    info.dev,
    info.ino,
    info.birthtime?.getTime(),
  ];
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(identity.join("\0")),
  );
  return { path: real, key: encodeHex(digest) };
}

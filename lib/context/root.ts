// @ts-types="../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { contextError } from "./context_error.ts";
import { unreadable } from "./unreadable.ts";

/** The folder of a context, found and known. */
export interface ContextRoot {
  /** Its real path, links resolved. */
  readonly path: string;
  /**
   * Names this folder, and no other one, to an engine that keeps what was sent
   * of it: a hash of the real path, the inode, its time of birth, and the
   * machine's own id, since several machines may share an engine.
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
      throw contextError(`there is no folder ${path}`, {
        cause: error,
        advice: "tar-stream",
      });
    }
    throw unreadable(String(path), error, "make it readable");
  }
  if (!info.isDirectory) {
    throw contextError(`${path} is no folder`, { advice: "tar-file" });
  }
  const identity = [
    "davit",
    await machineId(),
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

/** As systemd and D-Bus know the machine; empty where it has no such id, or this program may not read it. */
async function machineId(): Promise<string> {
  const path = "/etc/machine-id";
  try {
    // Not worth a question: what is left tells machines apart nearly always.
    const { state } = await Deno.permissions.query({ name: "read", path });
    return state === "granted" ? await Deno.readTextFile(path) : "";
  } catch {
    return "";
  }
}

import { contextError } from "./context_error.ts";
import { unreadable } from "./unreadable.ts";
import { sha256 } from "../streams/sha256.ts";

/** The folder of a context. */
export interface ContextRoot {
  /** Its real path, links resolved. */
  readonly path: string;
  /**
   * Identifies the folder to an engine that keeps the files sent from it: a
   * hash of the real path, the inode, the time of creation, and the machine's
   * id, because several machines may use the same engine.
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
  return { path: real, key: await sha256(identity.join("\0")) };
}

/**
 * The machine's id of systemd and D-Bus; empty if the machine has none, or this
 * program may not read it.
 */
async function machineId(): Promise<string> {
  const path = "/etc/machine-id";
  try {
    // The user is not asked for the permission: without the id the other fields
    // nearly always differ between machines.
    const { state } = await Deno.permissions.query({ name: "read", path });
    return state === "granted" ? await Deno.readTextFile(path) : "";
  } catch {
    return "";
  }
}

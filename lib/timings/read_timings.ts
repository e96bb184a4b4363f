import { MAX_SAVED_BYTES, readSaved, type SavedTimings } from "./saved.ts";

/**
 * Reads the timings of an earlier build, for {@linkcode compareTimings}, from a
 * file that {@linkcode timingsHtml} or {@linkcode timingsJson} made.
 *
 * @throws {TypeError} If it is no such file, or larger than 64 MiB.
 */
export async function readTimings(path: string | URL): Promise<SavedTimings> {
  const { size } = await Deno.stat(path);
  if (size > MAX_SAVED_BYTES) {
    throw new TypeError(
      `No timings can be read from ${path}: it is larger than 64 MiB`,
    );
  }
  return readSaved(await Deno.readTextFile(path));
}

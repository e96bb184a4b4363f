import { MAX_SAVED_BYTES, readSaved, type SavedTimings } from "./saved.ts";

/**
 * Reads the timings of an earlier build, for {@linkcode compareTimings}, from a
 * file that {@linkcode timingsHtml} or {@linkcode timingsJson} made.
 *
 * @throws {TypeError} If it is no such file, was written by another version, or
 * is larger than 64 MiB.
 * @throws {Deno.errors.NotFound} If it is not there.
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import {
 *   buildTimings,
 *   compareTimings,
 *   readTimings,
 *   timingsHtml,
 * } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const first = await docker.imageBuild("./app").result();
 * const page = timingsHtml(await buildTimings(first));
 * await Deno.writeTextFile("timings.html", page);
 *
 * const result = await docker.imageBuild("./app").result();
 * const timings = await buildTimings(result);
 * const before = await readTimings("timings.html");
 * console.log(compareTimings(before, timings).summary.join("\n"));
 * ```
 */
export async function readTimings(path: string | URL): Promise<SavedTimings> {
  const file = await Deno.open(path);
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  // It is closed with the last of it, and when the loop is left. What is no
  // file, such as a device, tells no size.
  for await (const bytes of file.readable) {
    size += bytes.length;
    if (size > MAX_SAVED_BYTES) {
      throw new TypeError(
        `No timings can be read from ${path}: it is larger than 64 MiB`,
      );
    }
    text += decoder.decode(bytes, { stream: true });
  }
  return readSaved(text + decoder.decode());
}

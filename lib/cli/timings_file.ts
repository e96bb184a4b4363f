import { dirname } from "@std/path/posix/dirname";
import { join } from "@std/path/posix/join";
import type { ImageBuild } from "../imagebuild/image_build.ts";
import { ownTerminal, wantsColor } from "../display/terminal.ts";
import { buildTimings } from "../timings/build_timings.ts";
import { compareTimings } from "../timings/compare.ts";
import { readTimings } from "../timings/read_timings.ts";
import { type SavedTimings, timingsJson } from "../timings/saved.ts";
import type { BuildTimings } from "../timings/timings.ts";
import { UsageError } from "./exit.ts";
import { print, printText } from "./print.ts";
import { tryToWrite } from "./result_files.ts";
import { writeWhole } from "./whole_file.ts";
import { loadModule } from "./load_module.ts";

/** What of a command line decides what is written. */
export interface TimingsFileInit {
  /** The file, or `-` for text on standard output; undefined for a new file. */
  readonly dest: string | undefined;
  /** The file of an earlier build. */
  readonly against: string | undefined;
  /** What was built. */
  readonly title: string | undefined;
}

/**
 * Writes where the time of a build went: a page, or what the name of the file
 * asks for: `.svg`, `.json`, `.txt`. A file that nobody has named is one file for
 * all builds of a watch, and its path is always said.
 */
export class TimingsFile {
  readonly #dest: string;
  readonly #isNew: boolean;
  /** Whether the folder of a new file is still to be made. */
  #isWithoutFolder: boolean;
  readonly #before: SavedTimings | undefined;
  readonly #title: string | undefined;
  #taken: BuildTimings | undefined;

  private constructor(
    { dest, title }: TimingsFileInit,
    path: string,
    before: SavedTimings | undefined,
  ) {
    this.#dest = path;
    this.#isNew = dest === undefined;
    this.#isWithoutFolder = this.#isNew;
    this.#title = title;
    this.#before = before;
  }

  /**
   * Checks before the build that the file can be written, and reads that of the
   * earlier build, which may be the same.
   *
   * @throws {UsageError} If one can't be.
   */
  static async open(init: TimingsFileInit): Promise<TimingsFile> {
    const { dest, against } = init;
    const before = against === undefined ? undefined : await earlier(against);
    if (dest !== undefined && dest !== "-") await tryToWrite("timings", dest);
    return new TimingsFile(init, dest ?? await newPath(), before);
  }

  /** The paths that are written. */
  get paths(): string[] {
    return this.#dest === "-" ? [] : [this.#dest];
  }

  /**
   * Takes the times of a build, whether it went well or not. Of a build that is
   * run twice, for two outputs, the first has done the work. One that was
   * refused before its first step has none.
   */
  async take(build: Pick<ImageBuild, "events" | "result">): Promise<void> {
    const timings = await buildTimings(build);
    if (timings.steps.length > 0) this.#taken ??= timings;
  }

  /**
   * Waits for the end of a build, and writes what was taken of it. If both fail,
   * the build's error is thrown, and the other one is said on standard error.
   *
   * @param tells Whether the path is said on standard error. That of a new file
   * is said in any case: nobody else knows it.
   */
  async writeAfter<T>(building: Promise<T>, tells: boolean): Promise<T> {
    let result: T;
    try {
      result = await building;
    } catch (error) {
      await this.#write(tells).catch((other) =>
        print(
          `the timings can't be written: ${messageOf(other)}`,
          Deno.stderr,
        )
      );
      throw error;
    }
    await this.#write(tells);
    return result;
  }

  async #write(tells: boolean): Promise<void> {
    const timings = this.#taken;
    this.#taken = undefined;
    if (timings !== undefined) await this.writeTimings(timings, tells);
  }

  /**
   * Writes these times.
   *
   * @param title What was built; what was given at first, unless it is here.
   */
  async writeTimings(
    timings: BuildTimings,
    tells: boolean,
    title: string | undefined = this.#title,
  ): Promise<void> {
    const comparison = this.#before && compareTimings(this.#before, timings);
    if (this.#dest === "-") {
      const { timingsText } = await loadModule<
        typeof import("../timings/text.ts")
      >("../timings/text.ts");
      printText(timingsText(timings, { ...terminal(), comparison }));
      return;
    }
    const path = this.#dest;
    if (this.#isWithoutFolder) {
      await Deno.mkdir(dirname(path), { mode: 0o700 });
      this.#isWithoutFolder = false;
    }
    await writeWhole(path, await this.#content(path, timings, title));
    if (tells || this.#isNew) {
      print(`timings written to ${path}`, Deno.stderr);
    }
  }

  async #content(
    path: string,
    timings: BuildTimings,
    title: string | undefined,
  ): Promise<string> {
    const comparison = this.#before && compareTimings(this.#before, timings);
    switch (/\.(svg|json|txt)$/i.exec(path)?.[1]?.toLowerCase()) {
      case "svg": {
        const { timingsSvg } = await loadModule<
          typeof import("../timings/svg.ts")
        >("../timings/svg.ts");
        return timingsSvg(timings, { title, comparison });
      }
      case "json":
        return `${timingsJson(timings)}\n`;
      case "txt": {
        const { timingsText } = await loadModule<
          typeof import("../timings/text.ts")
        >("../timings/text.ts");
        return timingsText(timings, { comparison });
      }
      default: {
        const { timingsHtml } = await loadModule<
          typeof import("../timings/html.ts")
        >("../timings/html.ts");
        return timingsHtml(timings, { title, comparison });
      }
    }
  }
}

/**
 * A path for a new file, which is not in the context: the next build would copy
 * it. It is in a folder of its own, which only this user may enter, and which is
 * made when there is something to write: if others have made one by that name
 * meanwhile, the writing fails.
 */
async function newPath(): Promise<string> {
  try {
    const folder = await Deno.makeTempDir({ prefix: "davit-timings-" });
    await Deno.remove(folder);
    return join(folder, "timings.html");
  } catch (error) {
    throw new UsageError(`--timings can't be written: ${messageOf(error)}`);
  }
}

/** What text may be on standard output. */
function terminal(): { readonly columns?: number; readonly color?: boolean } {
  return Deno.stdout.isTerminal()
    ? { columns: ownTerminal.size().columns, color: wantsColor() }
    : {};
}

async function earlier(path: string): Promise<SavedTimings> {
  try {
    return await readTimings(path);
  } catch (error) {
    throw new UsageError(
      `the timings of the earlier build can't be read: ${messageOf(error)}`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

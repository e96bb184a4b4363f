import type { BuildResult } from "../result.ts";
import type { BuiltEntry } from "./built_entry.ts";
import { BuiltFileError } from "./built_file_error.ts";
import type { ResultTree } from "./result_tree.ts";

/** Options of each way to look into a result. */
export interface BuiltFileOptions {
  /**
   * The platform, such as `linux/arm64`; to be named where the build has several,
   * see {@linkcode BuiltFiles.platforms}.
   */
  readonly platform?: string | undefined;
  /** Ends the call, which then fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode BuiltFiles.readFile}. */
export interface ReadBuiltFileOptions extends BuiltFileOptions {
  /**
   * The longest file that is read, in bytes; a longer one is an error.
   *
   * @default {16777216}
   */
  readonly maxBytes?: number | undefined;
}

/** Options of {@linkcode BuiltFiles.streamFile}. */
export interface StreamBuiltFileOptions extends BuiltFileOptions {
  /** The first byte. @default {0} */
  readonly offset?: number | undefined;
  /** How many bytes at most; all to the end by default. */
  readonly length?: number | undefined;
}

/**
 * The files of what was built, before it is exported: the target's file system,
 * read on the engine. The build stays open there, and its session, until this
 * is closed.
 *
 * Paths begin at the root, with or without a `/`. Symlinks are followed within
 * what was built. What is read is as the steps wrote it: secrets in it are not
 * masked.
 *
 * Every method rejects with a {@linkcode BuiltFileError} if the path can't be
 * read, with a `ConnectionError` if the engine has ended, and with a `RangeError`
 * if an option is out of its range, or no platform is named where there are
 * several; `streamFile()` throws that one at the call.
 */
export interface BuiltFiles extends AsyncDisposable {
  /** What the build has led to: steps, warnings, secrets. It has no image. */
  readonly build: BuildResult;
  /**
   * The platforms that were built, such as `linux/amd64`; empty where the build
   * has one and names none.
   */
  readonly platforms: readonly string[];
  /**
   * A whole file.
   *
   * @throws {BuiltFileError} `too-large` if it is longer than `maxBytes`.
   */
  readFile(
    path: string,
    options?: ReadBuiltFileOptions,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** A whole file as text in UTF-8, as {@linkcode readFile}. */
  readTextFile(path: string, options?: ReadBuiltFileOptions): Promise<string>;
  /**
   * A file, or a part of it, as a stream: 1 MiB at a time, fetched when it is
   * read. The stream fails with what the methods reject with.
   */
  streamFile(
    path: string,
    options?: StreamBuiltFileOptions,
  ): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What is in a folder, by name. Symlinks are not followed for that. */
  readDir(
    path: string,
    options?: BuiltFileOptions,
  ): Promise<readonly BuiltEntry[]>;
  /** What a path is. A symlink is followed: the name is that of its target. */
  stat(path: string, options?: BuiltFileOptions): Promise<BuiltEntry>;
  /** Ends the build on the engine, and its session. */
  close(): Promise<void>;
}

/** The longest file that is read whole unless the caller says otherwise. */
const MAX_BYTES = 16 * 1024 * 1024;

/** How much is fetched at once, in bytes: a quarter of what 20.10 sends. */
const PIECE = 1024 * 1024;

/**
 * The files of an open build.
 *
 * @param end Ends the build; resolves when that is done.
 */
export function builtFiles(
  tree: ResultTree,
  build: BuildResult,
  end: () => Promise<void>,
): BuiltFiles {
  const readFile: BuiltFiles["readFile"] = async (path, options = {}) => {
    const { maxBytes = MAX_BYTES } = options;
    checkCount("maxBytes", maxBytes);
    const place = tree.place(path, options);
    const { size } = await place.file();
    if (size > maxBytes) {
      throw new BuiltFileError(
        "too-large",
        path,
        `Cannot read ${
          JSON.stringify(path)
        } whole: it has ${size} bytes, and at most ${maxBytes} are taken; give maxBytes, or take streamFile()`,
      );
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const length = Math.min(PIECE, size - at);
      const part = await place.read({ offset: at, length });
      if (part.length === 0) break;
      bytes.set(part, at);
      at += part.length;
    }
    return bytes.subarray(0, at);
  };
  return {
    build,
    platforms: tree.platforms,
    readFile,
    readTextFile: async (path, options) =>
      new TextDecoder().decode(await readFile(path, options)),
    streamFile(path, options = {}) {
      const { offset = 0, length = Infinity } = options;
      checkCount("offset", offset);
      if (length !== Infinity) checkCount("length", length);
      const place = tree.place(path, options);
      let at = offset;
      let checked = false;
      return new ReadableStream({
        async pull(controller) {
          if (!checked) await place.file();
          checked = true;
          const most = Math.min(PIECE, offset + length - at);
          const part = most === 0
            ? new Uint8Array()
            : await place.read({ offset: at, length: most });
          at += part.length;
          if (part.length > 0) controller.enqueue(part.slice());
          if (part.length < most || most === 0) controller.close();
        },
      }, { highWaterMark: 0 });
    },
    readDir: async (path, options = {}) =>
      await tree.place(path, options).list(),
    stat: async (path, options = {}) => await tree.place(path, options).stat(),
    close: end,
    [Symbol.asyncDispose]: end,
  };
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(
    `Cannot read a file of a build with ${name} ${value}: expected a number of bytes`,
  );
}

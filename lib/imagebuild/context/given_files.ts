import { hintFor, streamOf } from "../../streams/byte_source.ts";

/**
 * A file of a context that is given in memory: text (UTF-8) or bytes, alone or
 * together with permissions and a time; or a symbolic link, whose target is
 * written as it is. Bytes must not change while the build runs.
 *
 * @example
 * ```ts
 * import { type ContextFile, DockerClient } from "@davit/build";
 *
 * const files: Record<string, ContextFile> = {
 *   Dockerfile: "FROM scratch\nCOPY . /\n",
 *   "version.json": JSON.stringify({ version: "1.2.3" }),
 *   "bin/tool": { content: new Uint8Array([1, 2, 3]), mode: 0o755 },
 *   "bin/link": { link: "tool" },
 * };
 * await using docker = await DockerClient.fromDockerConfig();
 * console.log(await docker.imageBuild({ files }, { tag: "app:1" }).wait());
 * ```
 */
export type ContextFile =
  | string
  | Uint8Array
  | Blob
  | {
    /** The contents: text, which is encoded as UTF-8, or bytes. */
    readonly content: string | Uint8Array | Blob;
    /**
     * Permission bits as for `chmod`, including setuid, setgid and sticky.
     *
     * @default {0o644}
     */
    readonly mode?: number | undefined;
    /**
     * Time of the last change; a number is in milliseconds since 1970. The
     * default is within the first second of 1970. The digits below the
     * millisecond (below the second, for the default) are made from the
     * content: an engine takes two files with the same length and time for the
     * same file.
     */
    readonly mtime?: Date | number | undefined;
  }
  | {
    /** The link's target. */
    readonly link: string;
  };

/** A file in memory that was checked. */
export interface GivenFile {
  /** The file's contents; of a link, its target. */
  readonly content: Uint8Array<ArrayBuffer> | Blob | {
    readonly target: string;
  };
  /** Permission bits. */
  readonly mode: number;
  /**
   * Time of the last change in milliseconds since 1970; undefined where none is
   * given.
   */
  readonly mtimeMs: number | undefined;
}

/** The longest names and paths that Linux takes, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;

/** The latest time that every tar and file system can hold: the end of the year 9999. */
const LATEST_MS = 253_402_300_799_999;

const encoder = new TextEncoder();

/**
 * Checks files that are given in memory.
 *
 * @returns The checked files by clean paths.
 * @throws {TypeError} If they can't be files of a context.
 */
export function checkFiles(given: unknown): Map<string, GivenFile> {
  if (!isPlain(given)) {
    throw new TypeError(
      `Cannot build: files is an object of paths to contents${
        given instanceof Map
          ? "; a Map is given as Object.fromEntries(map)"
          : ""
      }`,
    );
  }
  const files = new Map<string, GivenFile>();
  for (const [path, file] of Object.entries(given)) {
    const clean = cleanPath(path);
    if (files.has(clean)) {
      throw wrong(path, `is there twice, also as ${JSON.stringify(clean)}`);
    }
    files.set(clean, checkFile(path, file));
  }
  for (const path of files.keys()) {
    for (
      let at = path.indexOf("/");
      at !== -1;
      at = path.indexOf("/", at + 1)
    ) {
      const above = path.slice(0, at);
      if (!files.has(above)) continue;
      throw wrong(path, `lies below ${JSON.stringify(above)}, which is a file`);
    }
  }
  return files;
}

function cleanPath(path: string): string {
  const fault = faultOf(path);
  if (fault !== undefined) throw wrong(path, fault);
  return path.split("/").filter((part) => part !== "" && part !== ".")
    .join("/");
}

function faultOf(path: string): string | undefined {
  const parts = path.split("/");
  if (path.startsWith("/")) return "is absolute: paths are relative";
  if (path.includes("\0")) return "holds a NUL";
  if (!path.isWellFormed()) return "is no UTF-16, and can't be written";
  if (parts.includes("..")) return 'holds "..", and could lead elsewhere';
  if (parts.every((part) => part === "" || part === ".")) {
    return "names nothing";
  }
  if (["", "."].includes(parts.at(-1)!)) {
    return "names a folder: folders are made for what is in them";
  }
  const isLong = encoder.encode(path).length > MAX_PATH_BYTES ||
    parts.some((part) => encoder.encode(part).length > MAX_NAME_BYTES);
  return isLong ? "is longer than Linux takes" : undefined;
}

function checkFile(path: string, given: unknown): GivenFile {
  const content = contentOf(given);
  if (content !== undefined) {
    return { content, mode: 0o644, mtimeMs: undefined };
  }
  if (!isPlain(given)) throw noFile(path, given);
  if ("link" in given) return checkLink(path, given);
  const { content: inner, mode = 0o644, mtime, ...rest } = given;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) {
    throw wrong(
      path,
      `has no ${JSON.stringify(extra)}: expected { content, mode, mtime }`,
    );
  }
  const bytes = contentOf(inner);
  if (bytes === undefined) throw noFile(path, inner);
  if (
    typeof mode !== "number" || !Number.isInteger(mode) || mode < 0 ||
    mode > 0o7777
  ) throw wrong(path, "has no mode from 0 to 0o7777");
  return { content: bytes, mode, mtimeMs: timeOf(path, mtime) };
}

function timeOf(path: string, given: unknown): number | undefined {
  if (given === undefined) return undefined;
  const ms = given instanceof Date ? given.getTime() : given;
  if (typeof ms === "number" && ms >= 0 && ms <= LATEST_MS) {
    return Math.floor(ms);
  }
  throw wrong(
    path,
    "has a mtime that is no Date, and no number of milliseconds since 1970",
  );
}

function checkLink(
  path: string,
  { link, ...rest }: Record<string, unknown>,
): GivenFile {
  const [extra] = Object.keys(rest);
  if (extra !== undefined) {
    throw wrong(path, `is a link, and has no ${JSON.stringify(extra)}`);
  }
  if (
    typeof link !== "string" || link === "" || link.includes("\0") ||
    !link.isWellFormed() || encoder.encode(link).length > MAX_PATH_BYTES
  ) throw wrong(path, "is a link to what can't be a path");
  return { content: { target: link }, mode: 0o777, mtimeMs: undefined };
}

/**
 * The contents as bytes or a `Blob`; undefined for a value that can not be the
 * contents of a file.
 */
function contentOf(given: unknown): Uint8Array<ArrayBuffer> | Blob | undefined {
  if (typeof given === "string") return encoder.encode(given);
  if (given instanceof Blob) return given;
  if (!(given instanceof Uint8Array)) return undefined;
  return given.buffer instanceof ArrayBuffer
    ? given as Uint8Array<ArrayBuffer>
    : new Uint8Array(given);
}

function isPlain(given: unknown): given is Record<string, unknown> {
  if (typeof given !== "object" || given === null) return false;
  const prototype = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}

function wrong(path: string, fault: string): TypeError {
  const shown = JSON.stringify(
    path.length > 200 ? `${path.slice(0, 200).toWellFormed()}…` : path,
  );
  return new TypeError(`Cannot build: ${shown} in files ${fault}`);
}

function noFile(path: string, given: unknown): TypeError {
  const hint = hintForFile(given);
  return wrong(
    path,
    `is no file: expected text, a Uint8Array, a Blob, { content, mode, mtime } or { link }${
      hint === undefined ? "" : `; ${hint}`
    }`,
  );
}

/**
 * The same as {@linkcode hintFor}, but does not recommend a stream: the
 * contents of a file must be given whole.
 */
function hintForFile(given: unknown): string | undefined {
  if (given instanceof Response || given instanceof Request) {
    return "give what it holds, as in await response.blob()";
  }
  const { readable = given } = Object(given) as { readable?: unknown };
  if (streamOf(readable) !== undefined) {
    return "a file is given whole, as in await new Response(ReadableStream.from(source)).blob()";
  }
  return Array.isArray(given) ? "it is an array" : hintFor(given);
}

import { pathOfUrl } from "../../file_url.ts";
import { checkFiles, type ContextFile, type GivenFile } from "./given_files.ts";
import {
  type ByteSource,
  hintFor,
  isStream,
  streamOf,
} from "../../streams/byte_source.ts";

/**
 * A folder of this machine, where a path alone is not enough.
 *
 * @example A Dockerfile as text, and a list of what to leave out
 * ```ts
 * import type { FolderContext } from "@davit/build";
 *
 * const context: FolderContext = {
 *   context: "./app",
 *   dockerfile: { text: "FROM scratch\nCOPY . /\n" },
 *   ignore: ["node_modules", "**\/*.log"],
 * };
 * ```
 */
export interface FolderContext {
  /** The folder; without one, the context holds `files` alone, or is empty. */
  readonly context?: string | URL | undefined;
  /**
   * Files in memory, by their paths in the context: clean and relative, with `/`
   * between their parts. They lie over the folder: each takes the place of what
   * the folder has under its name, a folder with all that is in it. The folders
   * that they are in are made. Ignore files count for them as well, and may be
   * among them, as may the Dockerfile.
   */
  readonly files?: Readonly<Record<string, ContextFile>> | undefined;
  /**
   * The Dockerfile: its path on this machine, inside or outside of the folder,
   * relative to the current directory (docker's `-f`); its text; or its bytes,
   * at once or as a stream (docker's `-f -`). Unless given, the option `dockerfile` names it,
   * inside the folder.
   */
  readonly dockerfile?:
    | string
    | URL
    | { readonly text: string }
    | ByteSource
    | undefined;
  /** Patterns, as in a `.dockerignore`, in the place of the ignore files. */
  readonly ignore?: readonly string[] | undefined;
}

/**
 * What an image is built from: a tar, as a stream, a node `Readable` or any
 * other async iterable of bytes, as a `Uint8Array` or as a `Blob`; a folder, by its path or `file:`
 * URL; a git or http(s) URL, which the engine fetches; files
 * in memory, or several of these in a {@linkcode FolderContext}.
 *
 * Text is a URL where it begins as one (`https://`, `git://`, `ssh://`), or as
 * `github.com/` or `user@host:` where no folder of that name is here; it is a
 * path otherwise.
 */
export type BuildContext =
  | ByteSource
  | string
  | URL
  | FolderContext;

/** The same, sorted out. */
export type ContextSource =
  | { readonly kind: "tar"; readonly stream: ReadableStream<Uint8Array> }
  | { readonly kind: "remote"; readonly url: string }
  | { readonly kind: "folder"; readonly folder: FolderSource };

/** A folder as it was asked for, paths instead of URLs. */
export interface FolderSource {
  /** Path of the folder; undefined for an empty context. */
  readonly path: string | undefined;
  /** Path, text or stream of the Dockerfile; undefined where it is inside the folder. */
  readonly dockerfile:
    | string
    | { readonly text: string }
    | ReadableStream<Uint8Array>
    | undefined;
  /** Patterns in the place of the ignore files. */
  readonly ignore: readonly string[] | undefined;
  /** Files that lie over the folder, checked. */
  readonly files?: ReadonlyMap<string, GivenFile> | undefined;
}

/** What docker takes for an address, and not for a path. */
const REMOTE_REGEXP = /^(?:https?|git|ssh):\/\//i;

/** What it takes for one where there is no such folder: `github.com/owner/name`, `user@host:path`. */
const SHORT_REMOTE_REGEXP = /^github\.com\/|^[\w.-]+@[\w.-]+:/i;

/** What looks like a scheme; one letter is a drive of Windows. */
const SCHEME_REGEXP = /^([a-z][a-z\d+.-]+):\/\//i;
const DRIVE_REGEXP = /^[a-z]:[\\/]/i;

/**
 * The same with a web stream in the place of all other forms of bytes: one
 * that is made of them, to be given back where it is not read.
 */
export function withStreams(given: BuildContext): BuildContext {
  const stream = streamOf(given);
  if (stream !== undefined) return stream;
  const dockerfile = streamOf((given as FolderContext | null)?.dockerfile);
  return dockerfile === undefined
    ? given
    : { ...given as FolderContext, dockerfile };
}

/**
 * Sorts out what was given.
 *
 * @param context A context {@linkcode withStreams}.
 * @throws {TypeError} If it is nothing to build from.
 */
export function sortContext(given: BuildContext): ContextSource {
  if (isStream(given)) {
    if (given.locked) {
      throw new TypeError(
        "Cannot build: the context stream is in use by another reader",
      );
    }
    return { kind: "tar", stream: given };
  }
  if (typeof given === "string" || given instanceof URL) {
    const text = String(given);
    if (isRemote(given)) return { kind: "remote", url: text };
    return folder({ context: given });
  }
  if (!isOptions(given)) {
    const hint = hintFor(given);
    throw new TypeError(
      `Cannot build: the context is the path of a folder, a URL, a tar as a stream of its bytes, a Uint8Array or a Blob, as in (await Deno.open(path)).readable, or { context, files, dockerfile, ignore }${
        hint === undefined ? "" : `; ${hint}`
      }`,
    );
  }
  return folder(given);
}

/** Whether it is an object as a program writes it, and no instance of something. */
function isOptions(given: unknown): given is FolderContext {
  if (typeof given !== "object" || given === null) return false;
  const prototype = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}

function folder(given: FolderContext): ContextSource {
  for (const name of Object.keys(given)) {
    if (!["context", "files", "dockerfile", "ignore"].includes(name)) {
      throw new TypeError(
        `Cannot build: a context has no "${name}"; it is { context, files, dockerfile, ignore }, of which each may be left out`,
      );
    }
  }
  const { context, dockerfile, ignore, files } = given;
  if (
    context === undefined && dockerfile === undefined && files === undefined
  ) {
    throw new TypeError(
      "Cannot build: neither a folder, nor files, nor a Dockerfile is given",
    );
  }
  if (context !== undefined && isRemote(context)) {
    throw new TypeError(
      "Cannot build: an engine that fetches the context takes the Dockerfile and all files from there, too; give the URL alone",
    );
  }
  return {
    kind: "folder",
    folder: {
      path: context === undefined ? undefined : pathOf("context", context),
      dockerfile: checkDockerfile(dockerfile),
      ignore: ignore === undefined ? undefined : checkIgnore(ignore),
      files: files === undefined ? undefined : checkFiles(files),
    },
  };
}

function checkDockerfile(
  given: FolderContext["dockerfile"],
): FolderSource["dockerfile"] {
  if (given === undefined) return undefined;
  if (typeof given === "string" || given instanceof URL) {
    return pathOf("dockerfile", given);
  }
  if (isStream(given)) {
    if (!given.locked) return given;
    throw new TypeError(
      "Cannot build: the Dockerfile's stream is in use by another reader",
    );
  }
  const { text } = Object(given) as { text?: unknown };
  if (typeof text === "string") return { text };
  const hint = hintFor(given);
  throw new TypeError(
    `Cannot build: a Dockerfile is its path, a file: URL, { text } or its bytes, as a stream, a Uint8Array or a Blob${
      hint === undefined ? "" : `; ${hint}`
    }`,
  );
}

function checkIgnore(given: readonly string[]): readonly string[] {
  if (
    !Array.isArray(given) ||
    given.some((line) => typeof line !== "string" || /[\r\n]/.test(line))
  ) {
    throw new TypeError(
      "Cannot build: ignore is a list of patterns, one line each",
    );
  }
  return [...given];
}

/** Whether an engine is to fetch it; docker, too, looks for a folder first. */
function isRemote(given: string | URL): boolean {
  const text = String(given);
  if (REMOTE_REGEXP.test(text)) return true;
  return typeof given === "string" && SHORT_REMOTE_REGEXP.test(text) &&
    !isFolder(text);
}

/** Without asking for a permission: where it is not given, no folder can be sent either. */
function isFolder(path: string): boolean {
  try {
    const { state } = Deno.permissions.querySync({ name: "read", path });
    return state === "granted" && Deno.statSync(path).isDirectory;
  } catch {
    return false; // nothing there, or not for us
  }
}

function pathOf(name: string, given: string | URL): string {
  if (typeof given !== "string" && !(given instanceof URL)) {
    throw new TypeError(
      streamOf(given) === undefined
        ? `Cannot build: ${name} is the path of a folder, or a file: URL; ${
          hintFor(given) ?? "it is an object"
        }`
        : `Cannot build: ${name} is the path of a folder, or a file: URL; a tar is given alone, in the place of { ${name} }`,
    );
  }
  if (typeof given === "string") {
    if (given === "") {
      throw new TypeError(
        `Cannot build: ${name} is an empty text; the current folder is "."`,
      );
    }
    if (given.includes("\0")) {
      throw new TypeError(`Cannot build: ${name} is no path: it holds a NUL`);
    }
    const scheme = SCHEME_REGEXP.exec(given)?.[1]?.toLowerCase();
    if (scheme === "file") return pathOfUrl(given);
    if (scheme !== undefined) {
      throw wrongScheme(name, `${scheme}:`);
    }
    // Text that a program took from its user, and that means something there.
    const hint = given === "-"
      ? "a tar on the standard input is given as Deno.stdin.readable"
      : /^file:/i.test(given)
      ? "the URL of a file begins with file:///; a path has no file: before it"
      : DRIVE_REGEXP.test(given) && Deno.build.os !== "windows"
      ? "a path of Windows names nothing here"
      : undefined;
    if (hint === undefined) return given;
    throw new TypeError(
      `Cannot build: ${name} can't be ${JSON.stringify(given)}: ${hint}`,
    );
  }
  if (given.protocol !== "file:") throw wrongScheme(name, given.protocol);
  return pathOfUrl(given);
}

function wrongScheme(name: string, scheme: string): TypeError {
  return new TypeError(
    `Cannot build: ${name} can't be a ${scheme} URL; ${
      name === "context"
        ? "an engine fetches https:, http:, git: and ssh:"
        : "it is a path, or a file: URL"
    }`,
  );
}

/** The streams that were given: the context, or its Dockerfile. */
export function streamsOf(given: BuildContext): ReadableStream<Uint8Array>[] {
  const dockerfile = (given as Partial<FolderContext> | null)?.dockerfile;
  return [given, dockerfile].filter(isStream);
}

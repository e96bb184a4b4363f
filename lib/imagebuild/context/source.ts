// The source of a build: the forms in which a caller may give a context, and
// the one form into which they are sorted. Nothing is read from it yet.

import { checkFiles, type ContextFile, type GivenFile } from "./given_files.ts";
import {
  type ByteSource,
  hintFor,
  isStream,
  streamOf,
} from "../../streams/byte_source.ts";
import { isRemote, pathOf } from "./given_path.ts";

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
  /** The folder. Without it the context holds only `files`, or nothing. */
  readonly context?: string | URL | undefined;
  /**
   * Files in memory, by their paths in the context: clean and relative, with
   * `/` between their parts. They lie over the folder: a file replaces the
   * folder's file of the same path, or a whole folder of that path. Missing
   * parent folders are made. Ignore files count for them as well; they may
   * contain ignore files and the Dockerfile.
   */
  readonly files?: Readonly<Record<string, ContextFile>> | undefined;
  /**
   * The Dockerfile: its path on this machine, inside or outside of the folder,
   * relative to the current directory (docker's `-f`); its text; or its bytes,
   * at once or as a stream (docker's `-f -`). Without it, the option
   * `dockerfile` names the Dockerfile inside the folder.
   */
  readonly dockerfile?:
    | string
    | URL
    | { readonly text: string }
    | ByteSource
    | undefined;
  /** Patterns as in a `.dockerignore`, used instead of the ignore files. */
  readonly ignore?: readonly string[] | undefined;
}

/**
 * What an image is built from: a tar, as a stream, a node `Readable` or any
 * other async iterable of bytes, as a `Uint8Array` or as a `Blob`; a folder, by
 * its path or `file:` URL; a git or http(s) URL, which the engine fetches; or a
 * {@linkcode FolderContext}, which has files in memory, or a folder with
 * further settings.
 *
 * Text is a URL where it begins as one (`https://`, `git://`, `ssh://`). Text
 * that begins with `github.com/` or `user@host:` is a URL unless a folder of
 * that name exists here. All other text is a path.
 */
export type BuildContext =
  | ByteSource
  | string
  | URL
  | FolderContext;

/**
 * A source in one of three forms: URLs of files became paths, and bytes of any
 * kind became streams.
 */
export type Source =
  | {
    /** A tar, or another form that the builder accepts. */
    readonly kind: "tar";
    readonly stream: ReadableStream<Uint8Array>;
  }
  | {
    /** A URL that the engine fetches. */
    readonly kind: "remote";
    readonly url: string;
  }
  | {
    /** A folder of this machine, files in memory, or both. */
    readonly kind: "folder";
    /** Path of the folder; undefined where there is none. */
    readonly path: string | undefined;
    /** Path, text or stream of the Dockerfile; undefined where it is inside the folder. */
    readonly dockerfile:
      | string
      | { readonly text: string }
      | ReadableStream<Uint8Array>
      | undefined;
    /** Patterns that are used instead of the ignore files. */
    readonly ignore: readonly string[] | undefined;
    /** Files in memory that lie over the folder, checked. */
    readonly files?: ReadonlyMap<string, GivenFile> | undefined;
  };

/**
 * Sorts what the caller gave into one of the three forms. If that fails, the
 * streams in it are cancelled.
 *
 * @throws {TypeError} If nothing can be built from it.
 */
export function sourceOf(given: BuildContext): Source {
  const tar = streamOf(given);
  if (tar !== undefined) return tarSource(tar);
  const dockerfile = streamOf((given as FolderContext | null)?.dockerfile);
  try {
    return sorted(
      dockerfile === undefined
        ? given as Exclude<BuildContext, ByteSource>
        : { ...given as FolderContext, dockerfile },
    );
  } catch (error) {
    giveBack(dockerfile, error);
    throw error;
  }
}

/**
 * Cancels the stream of a source, unless somebody has already begun to read it.
 */
export function giveBackSource(source: Source, reason?: unknown): void {
  if (source.kind === "tar") giveBack(source.stream, reason);
  else if (source.kind === "folder") giveBack(source.dockerfile, reason);
}

function giveBack(given: unknown, reason: unknown): void {
  if (!isStream(given) || given.locked) return;
  given.cancel(reason).catch(() => {}); // its failure would change nothing, so it is not awaited
}

function tarSource(stream: ReadableStream<Uint8Array>): Source {
  if (!stream.locked) return { kind: "tar", stream };
  throw new TypeError(
    "Cannot build: the context stream is in use by another reader",
  );
}

function sorted(given: Exclude<BuildContext, ByteSource>): Source {
  if (typeof given === "string" || given instanceof URL) {
    const text = String(given);
    if (isRemote(given)) return { kind: "remote", url: text };
    return folderSource({ context: given });
  }
  if (isOptions(given)) return folderSource(given);
  const hint = hintFor(given);
  throw new TypeError(
    `Cannot build: the context is the path of a folder, a URL, a tar as a stream of its bytes, a Uint8Array or a Blob, as in (await Deno.open(path)).readable, or { context, files, dockerfile, ignore }${
      hint === undefined ? "" : `; ${hint}`
    }`,
  );
}

/** Whether it is a plain object, and not an instance of a class. */
function isOptions(given: unknown): given is FolderContext {
  if (typeof given !== "object" || given === null) return false;
  const prototype = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}

function folderSource(given: FolderContext): Source {
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
    path: context === undefined ? undefined : pathOf("context", context),
    dockerfile: checkDockerfile(dockerfile),
    ignore: ignore === undefined ? undefined : checkIgnore(ignore),
    files: files === undefined ? undefined : checkFiles(files),
  };
}

function checkDockerfile(
  given: FolderContext["dockerfile"],
): (Source & { readonly kind: "folder" })["dockerfile"] {
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

// @ts-types="../../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { type ContextRoot, findRoot } from "../../context/root.ts";
import {
  MAX_TEXT_BYTES,
  readInside,
  readText,
  tooLong,
} from "../../context/read_inside.ts";
import { type MemoryFile, MemoryFiles } from "../../context/memory_files.ts";
import { unreadable } from "../../context/unreadable.ts";
import { advised } from "../../advice.ts";
import { ContextError } from "../../errors.ts";
import { FolderLocal } from "../../fsutil/folder_local.ts";
import type { Local } from "../../fsutil/local.ts";
import { MemoryLocal } from "../../fsutil/memory_local.ts";
import type { FolderSource } from "./build_context.ts";
import { isStream, noBytes } from "../../streams/byte_source.ts";
import { readBytes } from "../../streams/read_whole.ts";
import type { GivenFile } from "./given_files.ts";
import type { Dockerfile } from "../record.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A folder that was found, with its Dockerfile read: ready to be offered. */
export interface BuildFolder {
  /** The folder; undefined for an empty context. */
  readonly root: ContextRoot | undefined;
  /** Files that lie over it, or stand alone; undefined for none. */
  readonly memory: MemoryFiles | undefined;
  /** The Dockerfile; its name is the one that the engine asks for. */
  readonly dockerfile: Dockerfile;
  /** The Dockerfile's bytes, and those of an ignore file of its own, by name. */
  readonly files: ReadonlyMap<string, Bytes>;
  /** Whether the Dockerfile lies in the folder, under its name. */
  readonly inside: boolean;
  /** Paths in the folder that are left out, whatever the ignore files say. */
  readonly without: Set<string>;
}

/**
 * Finds a folder and reads its Dockerfile.
 *
 * @param name Path of the Dockerfile in the folder, where the source names none.
 * @param signal Gives up a Dockerfile that comes as a stream.
 * @throws {ContextError} If one of them is not there, or can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one that is not inside.
 */
export async function openFolder(
  source: FolderSource,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<BuildFolder> {
  const root = source.path === undefined
    ? undefined
    : await findRoot(source.path);
  const inside = source.dockerfile === undefined;
  if (!inside && name !== undefined) {
    throw new TypeError(
      "Cannot build: the Dockerfile is named twice, in the context and in the option dockerfile",
    );
  }
  const memory = source.files === undefined
    ? undefined
    : await MemoryFiles.of(await readFiles(source.files));
  const files = inside
    ? await readBoth(root?.path, cleanName(name ?? "Dockerfile"), memory)
    : await readElsewhere(source.dockerfile!, signal);
  const [dockerfile, bytes] = [...files][0]!;
  if (source.ignore !== undefined) {
    // Not empty in any case: an empty file may count as none.
    const lines = ["# From the build's options", ...source.ignore, ""];
    const own = `${dockerfile.replace(/(^|\/)dockerfile$/, "$1Dockerfile")}`;
    files.set(
      `${own}.dockerignore`,
      new TextEncoder().encode(lines.join("\n")),
    );
  }
  return {
    root,
    memory,
    dockerfile: { name: dockerfile, text: new TextDecoder().decode(bytes) },
    files,
    inside,
    without: new Set(),
  };
}

/** What the engine is offered, by its own names for it. */
export async function localsOf(
  folder: BuildFolder,
): Promise<Map<string, Local>> {
  return new Map<string, Local>([
    [
      "context",
      new FolderLocal(folder.root?.path, folder.without, folder.memory),
    ],
    ["dockerfile", await MemoryLocal.of(folder.files)],
  ]);
}

const ADVICE = "make it readable, or name another Dockerfile";

/** The Dockerfile first, and its ignore file, if it has one. */
async function readBoth(
  root: string | undefined,
  name: string,
  memory: MemoryFiles | undefined,
): Promise<Map<string, Bytes>> {
  const lower = name.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  const files = new Map<string, Bytes>();
  const read = (path: string) => readInside(root, path, ADVICE, memory);
  const bytes = await read(name);
  if (bytes !== undefined) files.set(name, bytes);
  else {
    const other = lower === name ? undefined : await read(lower);
    if (other === undefined) {
      if (root === undefined) {
        throw noDockerfile(`${JSON.stringify(name)} in files`);
      }
      const path = `${root}/${name}`;
      const isLink = (await Deno.lstat(path).catch(() => undefined))
        ?.isSymlink;
      throw noDockerfile(isLink ? `at the end of the link ${path}` : path);
    }
    files.set(lower, other);
  }
  const own = `${name}.dockerignore`;
  const ignore = await read(own);
  if (ignore !== undefined) files.set(own, ignore);
  return files;
}

async function readElsewhere(
  dockerfile: NonNullable<FolderSource["dockerfile"]>,
  signal: AbortSignal | undefined,
): Promise<Map<string, Bytes>> {
  if (typeof dockerfile !== "string") {
    const bytes = isStream(dockerfile)
      ? await readStream(dockerfile, signal)
      : new TextEncoder().encode(dockerfile.text);
    return new Map([["Dockerfile", bytes]]);
  }
  const bytes = await readText(dockerfile, ADVICE);
  if (bytes === undefined) throw noDockerfile(dockerfile);
  const name = dockerfile.slice(dockerfile.lastIndexOf("/") + 1);
  const files = new Map([[name, bytes]]);
  const ignore = await readText(`${dockerfile}.dockerignore`, ADVICE);
  if (ignore !== undefined) files.set(`${name}.dockerignore`, ignore);
  return files;
}

async function readFiles(
  given: ReadonlyMap<string, GivenFile>,
): Promise<Map<string, MemoryFile>> {
  const files = new Map<string, MemoryFile>();
  for (const [path, { content, mode, mtimeMs }] of given) {
    const bytes = content instanceof Blob
      ? new Uint8Array(await content.arrayBuffer())
      : content;
    files.set(path, { content: bytes, mode, mtimeMs });
  }
  return files;
}

/** All of a stream; it is cancelled if it is too long, or nobody wants it any more. */
async function readStream(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Bytes> {
  const reader = stream.getReader();
  try {
    return await readBytes(
      givenChunks(reader, signal),
      MAX_TEXT_BYTES,
      () => tooLong("the Dockerfile's stream"),
    );
  } catch (error) {
    reader.cancel(error).catch(() => {}); // it is given up either way
    if (error instanceof ContextError || signal?.aborted) throw error;
    throw unreadable("the Dockerfile's stream", error, "give its text");
  }
}

async function* givenChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<Uint8Array> {
  while (true) {
    const { value, done } = await abortable(reader.read(), signal);
    if (done) return;
    if (!(value instanceof Uint8Array)) {
      throw new ContextError(
        `Cannot build: the Dockerfile's stream ${noBytes(value)}`,
      );
    }
    yield value;
  }
}

function noDockerfile(path: string): ContextError {
  return advised(
    (message) => new ContextError(message),
    "name-dockerfile",
    `Cannot build: there is no Dockerfile ${path}`,
  );
}

/** A path below the folder as the engine takes it: `./a`, `/a` and `a` are the same. */
function cleanName(name: string): string {
  if (name.includes("\0")) {
    throw new TypeError("Cannot build: the Dockerfile's name holds a NUL");
  }
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === ".." && parts.pop() === undefined) {
      throw advised(
        (message) => new TypeError(message),
        "dockerfile-elsewhere",
        `Cannot build: the Dockerfile ${
          JSON.stringify(name)
        } is outside of the context`,
      );
    }
    if (part !== "" && part !== "." && part !== "..") parts.push(part);
  }
  return parts.join("/");
}

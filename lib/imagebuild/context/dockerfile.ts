// Finds and reads the Dockerfile of a folder context: in the folder, elsewhere
// on this machine, or given as text or a stream.

// @ts-types="../../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import {
  MAX_TEXT_BYTES,
  readInside,
  readNamed,
  tooLong,
} from "../../context/read_inside.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";
import { unreadable } from "../../context/unreadable.ts";
import { advised } from "../../advice.ts";
import { ContextError } from "../../errors.ts";
import { isStream, noBytes } from "../../streams/byte_source.ts";
import { readBytes } from "../../streams/read_whole.ts";
import type { Source } from "./source.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Reads the Dockerfile of a folder context, and the ignore file that belongs to
 * it (`NAME.dockerignore`).
 *
 * @param name Path of the Dockerfile in the folder, where the source names
 * none.
 * @param root Real path of the folder; undefined where there is none.
 * @param memory Files in memory that lie over the folder; undefined where there
 * are none.
 * @param signal Stops the reading of a Dockerfile that comes as a stream; of
 * files, none is begun behind it.
 * @returns The files' bytes by their names, the Dockerfile first.
 * @throws {ContextError} If there is no Dockerfile, or it can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one outside of the
 * folder.
 */
export async function readDockerfile(
  { dockerfile, ignore }: Source & { readonly kind: "folder" },
  name: string | undefined,
  root: string | undefined,
  memory: MemoryFiles | undefined,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Bytes>> {
  if (dockerfile !== undefined && name !== undefined) {
    throw new TypeError(
      "Cannot build: the Dockerfile is named twice, in the context and in the option dockerfile",
    );
  }
  const files = dockerfile === undefined
    ? await readBoth(root, cleanName(name ?? "Dockerfile"), memory, signal)
    : await readElsewhere(dockerfile, signal);
  if (ignore === undefined) return files;
  // Begins with a comment, so that it is never empty: builders may treat an
  // empty ignore file as none.
  const lines = ["# From the build's options", ...ignore, ""];
  const [path] = files.keys();
  const own = path!.replace(/(^|\/)dockerfile$/, "$1Dockerfile");
  files.set(`${own}.dockerignore`, new TextEncoder().encode(lines.join("\n")));
  return files;
}

const ADVICE = "make it readable, or name another Dockerfile";

/**
 * Reads the Dockerfile and its ignore file, if it has one, from the folder or
 * the files in memory. The Dockerfile is first.
 */
async function readBoth(
  root: string | undefined,
  name: string,
  memory: MemoryFiles | undefined,
  signal: AbortSignal | undefined,
): Promise<Map<string, Bytes>> {
  const lower = name.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  const files = new Map<string, Bytes>();
  const read = async (path: string) => {
    // Nobody waits for what is read behind the end of a build.
    signal?.throwIfAborted();
    return await readInside(root, path, ADVICE, memory);
  };
  const bytes = await read(name);
  if (bytes !== undefined) files.set(name, bytes);
  else {
    const other = lower === name ? undefined : await read(lower);
    if (other === undefined) {
      if (root === undefined) {
        throw noDockerfile(`${JSON.stringify(name)} in files`);
      }
      signal?.throwIfAborted();
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
  dockerfile: NonNullable<(Source & { kind: "folder" })["dockerfile"]>,
  signal: AbortSignal | undefined,
): Promise<Map<string, Bytes>> {
  if (typeof dockerfile !== "string") {
    const bytes = isStream(dockerfile)
      ? await readStream(dockerfile, signal)
      : new TextEncoder().encode(dockerfile.text);
    return new Map([["Dockerfile", bytes]]);
  }
  const bytes = await readNamed(dockerfile, ADVICE);
  if (bytes === undefined) throw noDockerfile(dockerfile);
  const name = dockerfile.slice(dockerfile.lastIndexOf("/") + 1);
  const files = new Map([[name, bytes]]);
  const ignore = await readNamed(`${dockerfile}.dockerignore`, ADVICE);
  if (ignore !== undefined) files.set(`${name}.dockerignore`, ignore);
  return files;
}

/**
 * Reads a stream to its end. It is cancelled if it is too long, or if the build
 * is stopped.
 */
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
    reader.cancel(error).catch(() => {}); // the reading has already failed
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

/**
 * Makes a path below the folder clean, as engines do: `./a`, `/a` and `a` are
 * the same.
 */
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

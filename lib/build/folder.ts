import { type ContextRoot, findRoot } from "../context/root.ts";
import { unreadable } from "../context/walk.ts";
import { ContextError } from "../errors.ts";
import { FolderLocal } from "../filesync/folder_local.ts";
import type { Local } from "../filesync/local.ts";
import { MemoryLocal } from "../filesync/memory_local.ts";
import { type FolderSource, isStream } from "./build_context.ts";
import type { Dockerfile } from "./record.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A folder that was found, with its Dockerfile read: ready to be offered. */
export interface BuildFolder {
  /** The folder; undefined for an empty context. */
  readonly root: ContextRoot | undefined;
  /** The Dockerfile; its name is the one that the engine asks for. */
  readonly dockerfile: Dockerfile;
  /** The Dockerfile's bytes, and those of an ignore file of its own, by name. */
  readonly files: ReadonlyMap<string, Bytes>;
  /** Whether the Dockerfile lies in the folder, under its name. */
  readonly inside: boolean;
}

/**
 * Finds a folder and reads its Dockerfile.
 *
 * @param name Path of the Dockerfile in the folder, where the source names none.
 * @throws {ContextError} If one of them is not there, or can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one that is not inside.
 */
export async function openFolder(
  source: FolderSource,
  name: string | undefined,
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
  const files = inside
    ? await readInside(root!.path, cleanName(name ?? "Dockerfile"))
    : await readElsewhere(source.dockerfile!);
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
    dockerfile: { name: dockerfile, text: new TextDecoder().decode(bytes) },
    files,
    inside,
  };
}

/** What the engine is offered, by its own names for it. */
export async function localsOf(
  folder: BuildFolder,
): Promise<Map<string, Local>> {
  return new Map<string, Local>([
    [
      "context",
      folder.root === undefined
        ? await MemoryLocal.of(new Map())
        : new FolderLocal(folder.root.path),
    ],
    ["dockerfile", await MemoryLocal.of(folder.files)],
  ]);
}

/** The Dockerfile first, and its ignore file, if it has one. */
async function readInside(
  root: string,
  name: string,
): Promise<Map<string, Bytes>> {
  const lower = name.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  const files = new Map<string, Bytes>();
  const bytes = await read(`${root}/${name}`);
  if (bytes !== undefined) files.set(name, bytes);
  else {
    const other = lower === name ? undefined : await read(`${root}/${lower}`);
    if (other === undefined) throw noDockerfile(`${root}/${name}`);
    files.set(lower, other);
  }
  const ignore = await read(`${root}/${name}.dockerignore`);
  if (ignore !== undefined) files.set(`${name}.dockerignore`, ignore);
  return files;
}

async function readElsewhere(
  dockerfile: NonNullable<FolderSource["dockerfile"]>,
): Promise<Map<string, Bytes>> {
  if (typeof dockerfile !== "string") {
    const bytes = isStream(dockerfile)
      ? await new Response(dockerfile as ReadableStream<Bytes>).bytes()
      : new TextEncoder().encode(dockerfile.text);
    return new Map([["Dockerfile", bytes]]);
  }
  const bytes = await read(dockerfile);
  if (bytes === undefined) throw noDockerfile(dockerfile);
  const name = dockerfile.slice(dockerfile.lastIndexOf("/") + 1);
  const files = new Map([[name, bytes]]);
  const ignore = await read(`${dockerfile}.dockerignore`);
  if (ignore !== undefined) files.set(`${name}.dockerignore`, ignore);
  return files;
}

/** The content of a file; undefined if there is none. */
async function read(path: string): Promise<Bytes | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(path, error);
  }
}

function noDockerfile(path: string): ContextError {
  return new ContextError(
    `Cannot build: there is no Dockerfile ${path}; the option dockerfile names one inside the context, { context, dockerfile } one anywhere`,
  );
}

/** A path below the folder as the engine takes it: `./a`, `/a` and `a` are the same. */
function cleanName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === ".." && parts.pop() === undefined) {
      throw new TypeError(
        `Cannot build: the Dockerfile ${
          JSON.stringify(name)
        } is outside of the context; give { context, dockerfile }`,
      );
    }
    if (part !== "" && part !== "." && part !== "..") parts.push(part);
  }
  return parts.join("/");
}

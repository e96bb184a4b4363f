// What an engine is offered of a context: looked at, and nothing sent yet. A session
// serves it as it is asked for; without one it goes as a tar.

import type { ContextFilter } from "../../context/filter.ts";
import { type MemoryFile, MemoryFiles } from "../../context/memory_files.ts";
import { type ContextRoot, findRoot } from "../../context/root.ts";
import { FolderLocal } from "../../fsutil/folder_local.ts";
import type { Local } from "../../fsutil/local.ts";
import { MemoryLocal } from "../../fsutil/memory_local.ts";
import type { Dockerfile } from "../record.ts";
import { readDockerfile } from "./dockerfile.ts";
import type { FolderParts } from "./folder_tar.ts";
import type { GivenFile } from "./given_files.ts";
import type { Source } from "./source.ts";

/** What an engine is offered of a context. */
export interface Offer {
  /** The Dockerfile, where it is known before it is sent. */
  readonly dockerfile: Dockerfile | undefined;
  /** Real path of the folder; undefined for none. */
  readonly root: string | undefined;
  /** Under which an engine keeps what it got of the folder. */
  readonly sharedKey: string | undefined;
  /** What a session serves, by the engine's names for it; undefined unless it is a folder. */
  readonly locals: ReadonlyMap<string, Local> | undefined;
  /** The same where there is no session; nothing where the engine fetches it. */
  tar(): Promise<{
    /** The tar, or what else the caller gave. */
    readonly body?: ReadableStream<Uint8Array>;
    /** Path of the Dockerfile in it, where davit chose that. */
    readonly dockerfile?: string;
    /** How many files of the folder are in it so far. */
    readonly files?: () => number;
  }>;
  /**
   * What of the folder is wanted.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  filter(): Promise<ContextFilter>;
  /**
   * Path in the context of a file of this machine; undefined if it is not
   * there, or ignored.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  find(file: string | URL): Promise<string | undefined>;
}

/**
 * Looks at what a build is made from.
 *
 * @param dockerfile Path of the Dockerfile in a folder, if it is named.
 * @param signal Gives up a Dockerfile that comes as a stream.
 * @throws {ContextError} If a folder or its Dockerfile can't be read.
 * @throws {TypeError} If two Dockerfiles are named, or one that is not inside.
 */
export async function openOffer(
  source: Source,
  dockerfile?: string,
  signal?: AbortSignal,
): Promise<Offer> {
  if (source.kind !== "folder") {
    return {
      dockerfile: undefined,
      root: undefined,
      sharedKey: undefined,
      locals: undefined,
      tar: () =>
        Promise.resolve(source.kind === "tar" ? { body: source.stream } : {}),
      filter: async () =>
        new (await import("../../context/filter.ts")).ContextFilter(),
      find: () => Promise.resolve(undefined),
    };
  }
  const root = source.path === undefined
    ? undefined
    : await findRoot(source.path);
  const memory = source.files && await memoryFiles(source.files);
  const files = await readDockerfile(
    source,
    dockerfile,
    root?.path,
    memory,
    signal,
  );
  const locals = new Map<string, Local>([
    ["context", new FolderLocal(root?.path, memory)],
    ["dockerfile", await MemoryLocal.of(files)],
  ]);
  return new FolderOffer(source, root, memory, files, locals);
}

/** A folder, files in memory, or both. */
class FolderOffer implements Offer {
  readonly dockerfile: Dockerfile;
  readonly locals: ReadonlyMap<string, Local>;
  readonly #source: Source & { readonly kind: "folder" };
  readonly #root: ContextRoot | undefined;
  readonly #memory: MemoryFiles | undefined;
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  constructor(
    source: Source & { readonly kind: "folder" },
    root: ContextRoot | undefined,
    memory: MemoryFiles | undefined,
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
    locals: ReadonlyMap<string, Local>,
  ) {
    const [name, bytes] = [...files][0]!;
    this.dockerfile = { name, text: new TextDecoder().decode(bytes) };
    this.locals = locals;
    this.#source = source;
    this.#root = root;
    this.#memory = memory;
    this.#files = files;
  }

  get root(): string | undefined {
    return this.#root?.path;
  }

  get sharedKey(): string | undefined {
    return this.#root?.key;
  }

  async tar(): ReturnType<Offer["tar"]> {
    const { folderTar } = await import("./folder_tar.ts");
    const { TarSource } = await import("../../context/tar_stream.ts");
    const { name, contents } = await folderTar(this.#parts());
    const tar = new TarSource(() => Promise.resolve(contents));
    return {
      body: new ReadableStream(tar, { highWaterMark: 0 }),
      dockerfile: name,
      files: () => tar.files,
    };
  }

  async filter(): Promise<ContextFilter> {
    const { rulesOf } = await import("./folder_tar.ts");
    return (await rulesOf(this.#parts())).filter;
  }

  async find(file: string | URL): Promise<string | undefined> {
    if (this.root === undefined) return undefined;
    const above = this.root.replace(/\/?$/, "/");
    const path = await Deno.realPath(file);
    if (!path.startsWith(above)) return undefined;
    const inside = path.slice(above.length);
    if (this.#memory?.hides(inside)) return undefined;
    return (await this.filter()).keeps(inside) ? inside : undefined;
  }

  #parts(): FolderParts {
    return {
      root: this.root,
      memory: this.#memory,
      dockerfile: this.dockerfile.name,
      files: this.#files,
      inside: this.#source.dockerfile === undefined,
      ignore: this.#source.ignore,
    };
  }
}

/** Files in memory, their blobs read. */
async function memoryFiles(
  given: ReadonlyMap<string, GivenFile>,
): Promise<MemoryFiles> {
  const files = new Map<string, MemoryFile>();
  for (const [path, { content, mode, mtimeMs }] of given) {
    const bytes = content instanceof Blob
      ? new Uint8Array(await content.arrayBuffer())
      : content;
    files.set(path, { content: bytes, mode, mtimeMs });
  }
  return await MemoryFiles.of(files);
}

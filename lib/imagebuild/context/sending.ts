import type { ContextRoot } from "../../context/root.ts";
import type { Query } from "../../engine/engine.ts";
import type { ServedFolders } from "../../session/services.ts";
import type { ContextSource } from "./build_context.ts";
import { type BuildFolder, localsOf, openFolder } from "./folder.ts";
import type { BuildRecord, Dockerfile } from "../record.ts";
import type { BuildRequest } from "../request.ts";

/** How the context of one build gets to the engine. */
export interface Sending {
  /** Query parameters that say so. */
  readonly query: Readonly<Record<string, Query[string]>>;
  /** The request's body; undefined where it is empty. */
  readonly body: ReadableStream<Uint8Array> | undefined;
  /** Whether the body is the caller's own, and may be anything. */
  readonly isGiven?: boolean;
  /** The Dockerfile, where it is known before it is sent. */
  readonly dockerfile: Dockerfile | undefined;
  /** How many files of a folder are in the body so far. */
  readonly files?: () => number;
}

/**
 * A context that was looked at: what can be offered over a session, and what
 * is sent where there is none.
 */
export class PreparedContext {
  readonly #source: ContextSource;
  readonly #folder: BuildFolder | undefined;

  private constructor(source: ContextSource, folder?: BuildFolder) {
    this.#source = source;
    this.#folder = folder;
  }

  /**
   * Looks at a context.
   *
   * @param signal Gives up a Dockerfile that comes as a stream.
   * @throws {ContextError} If a folder or its Dockerfile can't be read.
   */
  static async of(
    { context: source, dockerfile }: Pick<
      BuildRequest,
      "context" | "dockerfile"
    >,
    signal?: AbortSignal,
  ): Promise<PreparedContext> {
    if (source.kind !== "folder") return new PreparedContext(source);
    const folder = await openFolder(
      source.folder,
      dockerfile,
      signal,
    );
    return new PreparedContext(source, folder);
  }

  /** What a session serves of it; nothing unless it is a folder. */
  async served(record: BuildRecord): Promise<ServedFolders | undefined> {
    if (this.#folder === undefined) return undefined;
    return {
      locals: await localsOf(this.#folder),
      onSent(name, { files, filesSent, bytesOffered, bytesSent }, { follow }) {
        // For the rules alone, nothing of the context is taken yet.
        const isRules = follow.length === 1 && follow[0] === ".dockerignore";
        if (name !== "context" || isRules) return;
        const filesReused = files - filesSent;
        const counts = { files, filesReused, bytesOffered, bytesSent };
        record.tell({ type: "context", ...counts });
      },
    };
  }

  /**
   * Keeps something out of the context that a build puts there itself, such as
   * the unfinished result of an export. To be called before it is sent.
   *
   * @param path Its real path; outside of the folder it changes nothing.
   */
  leaveOut(path: string): void {
    const folder = this.#folder;
    const inside = pathInside(folder?.root, path);
    if (inside !== undefined) folder!.without.add(inside);
  }

  /** The Dockerfile, where it is known before it is sent. */
  get dockerfile(): Dockerfile | undefined {
    return this.#folder?.dockerfile;
  }

  /**
   * Path in the context of a file of this machine; undefined if it is not
   * there, or ignored.
   *
   * @throws {ContextError} If an ignore file can't be read.
   */
  async find(file: string | URL): Promise<string | undefined> {
    const folder = this.#folder;
    if (folder?.root === undefined || this.#source.kind !== "folder") {
      return undefined;
    }
    const path = pathInside(folder.root, await Deno.realPath(file));
    if (path === undefined || folder.memory?.hides(path)) return undefined;
    const { rulesOf } = await import("./folder_tar.ts");
    const { filter } = await rulesOf(folder, this.#source.folder.ignore);
    let state = filter.root;
    let at = "";
    for (const name of path.split("/")) {
      at = at === "" ? name : `${at}/${name}`;
      state = filter.step(at, state);
    }
    return state.keep ? at : undefined;
  }

  /** Whether the engine fetches it. */
  get isRemote(): boolean {
    return this.#source.kind === "remote";
  }

  /** Under which the engine keeps what it got of a folder. */
  get sharedKey(): string | undefined {
    return this.#folder?.root?.key;
  }

  /**
   * Decides how it is sent.
   *
   * @param overSession Whether there is a session that serves a folder.
   */
  async send(overSession: boolean): Promise<Sending> {
    const source = this.#source;
    if (source.kind === "tar") {
      const body = source.stream;
      return { query: {}, body, isGiven: true, dockerfile: undefined };
    }
    if (source.kind === "remote") {
      const query = { remote: source.url };
      return { query, body: undefined, dockerfile: undefined };
    }
    const folder = this.#folder!;
    const { dockerfile } = folder;
    if (overSession) {
      const query = { remote: "client-session", dockerfile: dockerfile.name };
      return { query, body: undefined, dockerfile };
    }
    const { folderTar } = await import("./folder_tar.ts");
    const { TarSource } = await import("../../context/tar_stream.ts");
    const { name, contents } = await folderTar(folder, source.folder.ignore);
    const tar = new TarSource(() => Promise.resolve(contents));
    const body = new ReadableStream(tar, { highWaterMark: 0 });
    return {
      query: { dockerfile: name },
      body,
      dockerfile,
      files: () => tar.files,
    };
  }
}

/** Path of something in a folder, by its real path; undefined if it is not there. */
function pathInside(
  root: ContextRoot | undefined,
  path: string,
): string | undefined {
  if (root === undefined) return undefined;
  const above = root.path.endsWith("/") ? root.path : `${root.path}/`;
  return path.startsWith(above) ? path.slice(above.length) : undefined;
}

// The context made of a folder of this machine, of files in memory, or of both:
// what of it is sent over a session, and what goes into the tar where there is
// no session.

import { ContextFilter } from "../../context/filter.ts";
import {
  findIgnoreRules,
  type IgnoreRules,
} from "../../context/ignore_rules.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";
import type { ContextRoot } from "../../context/root.ts";
import type { TarContents } from "../../context/tar_stream.ts";
import type { Local } from "../../fsutil/local.ts";
import type { Dockerfile, Offer } from "./offer.ts";
import type { Source } from "./source.ts";
import { sha256 } from "../../streams/sha256.ts";

/** A folder context whose Dockerfile was read. */
export class FolderOffer implements Offer {
  readonly dockerfile: Dockerfile;
  readonly locals: ReadonlyMap<string, Local>;
  readonly #source: Source & { readonly kind: "folder" };
  readonly #root: ContextRoot | undefined;
  readonly #memory: MemoryFiles | undefined;
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  /**
   * @param root The folder; undefined where there are only files in memory.
   * @param memory Files in memory, which lie over the folder; undefined where
   * there are none.
   * @param files The Dockerfile and the ignore file that belongs to it, by
   * their names.
   * @param locals What a session serves.
   */
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

  async filter(): Promise<ContextFilter> {
    return (await this.#rules()).filter;
  }

  async find(file: string | URL): Promise<string | undefined> {
    const { findInside } = await import("./find_inside.ts");
    return await findInside({
      root: this.root,
      memory: this.#memory,
      filter: () => this.filter(),
    }, file);
  }

  /**
   * The context as a tar, with the same contents as docker's own client sends
   * without BuildKit.
   */
  async tar(): ReturnType<Offer["tar"]> {
    const { TarSource } = await import("../../context/tar_stream.ts");
    const [dockerfile, contents] = await this.#contents();
    const tar = new TarSource(() => Promise.resolve(contents));
    return {
      body: new ReadableStream(tar, { highWaterMark: 0 }),
      dockerfile,
      files: () => tar.files,
    };
  }

  /**
   * The contents of the tar. The Dockerfile and the ignore file are always in
   * it, even if they are ignored, since the builder looks for them. A
   * Dockerfile from outside of the folder gets a name made by davit; the ignore
   * file lists that name, so that the classic builder does not copy it into the
   * image.
   */
  async #contents(): Promise<[dockerfile: string, TarContents]> {
    const { root } = this;
    const memory = this.#memory;
    const { name } = this.dockerfile;
    const bytes = this.#files.get(name)!;
    if (root === undefined && memory === undefined) {
      const files = new Map([[name, bytes]]);
      return [name, { root, filter: new ContextFilter(), files }];
    }
    const { filter, file, bytes: rules } = await this.#rules();
    // With the option `ignore` the folder's own ignore files do not count, so a
    // builder that reads them must not find them.
    const without = this.#source.ignore === undefined
      ? []
      : [".dockerignore", `${name}.dockerignore`];
    if (this.#source.dockerfile === undefined) {
      const first = file === undefined ? [name] : [name, file];
      return [name, { root, filter, memory, first, without }];
    }
    // The name is made from the content, so that the builder's cache recognizes
    // the same Dockerfile.
    const own = `.dockerfile.${(await sha256(bytes)).slice(0, 16)}`;
    const before = file === undefined
      ? ".dockerignore"
      : new TextDecoder().decode(rules);
    const files = new Map([
      [own, bytes],
      [".dockerignore", new TextEncoder().encode(`${before}\n${own}\n`)],
    ]);
    return [own, { root, filter, memory, files, without }];
  }

  /** The rules that say which files are left out. */
  async #rules(): Promise<IgnoreRules> {
    const { dockerfile, ignore } = this.#source;
    const own = ignore === undefined && dockerfile === undefined
      ? undefined
      : [...this.#files].find(([path]) => path.endsWith(".dockerignore"));
    if (own === undefined) {
      const { name } = this.dockerfile;
      return await findIgnoreRules(this.root, name, this.#memory);
    }
    const { parseIgnoreFile } = await import("../../context/ignore_file.ts");
    const filter = new ContextFilter({ exclude: parseIgnoreFile(own[1]) });
    return { filter, file: undefined, bytes: own[1] };
  }
}

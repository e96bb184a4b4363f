// A folder of this machine, files in memory, or both, on offer: which of it is sent
// over a session, and which is in the tar where there is none.

// @ts-types="../../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { ContextFilter } from "../../context/filter.ts";
import { parseIgnoreFile } from "../../context/ignore_file.ts";
import {
  findIgnoreRules,
  type IgnoreRules,
} from "../../context/ignore_rules.ts";
import type { MemoryFiles } from "../../context/memory_files.ts";
import type { ContextRoot } from "../../context/root.ts";
import { type TarContents, TarSource } from "../../context/tar_stream.ts";
import type { Local } from "../../fsutil/local.ts";
import type { Dockerfile } from "../record.ts";
import type { Offer } from "./offer.ts";
import type { Source } from "./source.ts";

/** A folder that was looked at. */
export class FolderOffer implements Offer {
  readonly dockerfile: Dockerfile;
  readonly locals: ReadonlyMap<string, Local>;
  readonly #source: Source & { readonly kind: "folder" };
  readonly #root: ContextRoot | undefined;
  readonly #memory: MemoryFiles | undefined;
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  /**
   * @param root The folder; undefined for none.
   * @param memory What lies over it, or stands alone; undefined for nothing.
   * @param files The Dockerfile and an ignore file of its own, by their names.
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
    if (this.root === undefined) return undefined;
    const above = this.root.replace(/\/?$/, "/");
    const path = await Deno.realPath(file);
    if (!path.startsWith(above)) return undefined;
    const inside = path.slice(above.length);
    if (this.#memory?.hides(inside)) return undefined;
    return (await this.filter()).keeps(inside) ? inside : undefined;
  }

  /** What docker's own client sends without BuildKit. */
  async tar(): ReturnType<Offer["tar"]> {
    const [dockerfile, contents] = await this.#contents();
    const tar = new TarSource(() => Promise.resolve(contents));
    return {
      body: new ReadableStream(tar, { highWaterMark: 0 }),
      dockerfile,
      files: () => tar.files,
    };
  }

  /**
   * What is in the tar. The Dockerfile and the ignore file go with it, ignored or
   * not, since the builder looks for them; a Dockerfile from elsewhere goes under
   * a name of its own, which the ignore file keeps out of the image where the
   * builder is the classic one.
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
    // They have no say, and a builder that reads them must not think otherwise.
    const without = this.#source.ignore === undefined
      ? []
      : [".dockerignore", `${name}.dockerignore`];
    if (this.#source.dockerfile === undefined) {
      const first = file === undefined ? [name] : [name, file];
      return [name, { root, filter, memory, first, without }];
    }
    // Named by its content, so that the builder's cache knows the same one again.
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    const own = `.dockerfile.${encodeHex(digest).slice(0, 16)}`;
    const before = file === undefined
      ? ".dockerignore"
      : new TextDecoder().decode(rules);
    const files = new Map([
      [own, bytes],
      [".dockerignore", new TextEncoder().encode(`${before}\n${own}\n`)],
    ]);
    return [own, { root, filter, memory, files, without }];
  }

  /** What is left out. */
  async #rules(): Promise<IgnoreRules> {
    const { dockerfile, ignore } = this.#source;
    const own = ignore === undefined && dockerfile === undefined
      ? undefined
      : [...this.#files].find(([path]) => path.endsWith(".dockerignore"));
    if (own === undefined) {
      const { name } = this.dockerfile;
      return await findIgnoreRules(this.root, name, this.#memory);
    }
    const filter = new ContextFilter({ exclude: parseIgnoreFile(own[1]) });
    return { filter, file: undefined, bytes: own[1] };
  }
}

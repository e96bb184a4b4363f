import { concatBytes } from "../../streams/bytes.ts";
import { DockerfileTap } from "./dockerfile_tap.ts";
import type { GzipTap } from "./gzip_tap.ts";

const GZIP = [0x1f, 0x8b, 0x08];

/** Looks for the Dockerfile in a context that passes by: a tar, plain or packed with gzip. */
export class ContextTap {
  readonly #tap: DockerfileTap;
  /** The first bytes, until they tell what it is. */
  #head: Uint8Array | undefined = new Uint8Array(0);
  #gzip: GzipTap | undefined;

  /** @param name Path of the Dockerfile in the archive. */
  constructor(name: string) {
    this.#tap = new DockerfileTap(name);
  }

  /** The Dockerfile's text, once it has passed. */
  get text(): string | undefined {
    return this.#tap.text;
  }

  /** Takes the next bytes; a promise asks to be waited for. */
  push(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#gzip !== undefined) return this.#gzip.push(chunk);
    if (this.#head === undefined) {
      this.#tap.push(chunk);
      return undefined;
    }
    const head = concatBytes(this.#head, chunk);
    if (head.length < GZIP.length) {
      this.#head = head;
      return undefined;
    }
    this.#head = undefined;
    if (GZIP.every((byte, at) => head[at] === byte)) return this.#unpack(head);
    this.#tap.push(head);
    return undefined;
  }

  /** Nothing comes any more: resolves when all was looked at. */
  end(): Promise<void> | undefined {
    return this.#gzip?.end();
  }

  /** Gives up; behind its end, nothing. */
  stop(): void {
    this.#gzip?.stop();
  }

  async #unpack(head: Uint8Array): Promise<void> {
    const { GzipTap } = await import("./gzip_tap.ts");
    this.#gzip = new GzipTap((bytes) => this.#tap.push(bytes));
    await this.#gzip.push(head);
  }
}

import { concatBytes } from "../../streams/bytes.ts";
import { DockerfileTap } from "./dockerfile_tap.ts";
import type { GzipTap } from "./gzip_tap.ts";

const GZIP = [0x1f, 0x8b, 0x08];

/**
 * Finds the Dockerfile in a context while it is sent: a tar, plain or in gzip.
 */
export class ContextTap {
  readonly #tap: DockerfileTap;
  /**
   * The first bytes, kept until there are enough to tell a gzip; undefined
   * afterwards.
   */
  #head: Uint8Array | undefined = new Uint8Array(0);
  #gzip: GzipTap | undefined;

  /** @param name Path of the Dockerfile in the archive. */
  constructor(name: string) {
    this.#tap = new DockerfileTap(name);
  }

  /** The Dockerfile's text; undefined until it has passed. */
  get text(): string | undefined {
    return this.#tap.text;
  }

  /**
   * Reads the next bytes. Where it returns a promise, await it before the next
   * call.
   */
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

  /** Called after the last bytes. Resolves when everything was read. */
  end(): Promise<void> | undefined {
    return this.#gzip?.end();
  }

  /** Stops reading; does nothing after the end. */
  stop(): void {
    this.#gzip?.stop();
  }

  async #unpack(head: Uint8Array): Promise<void> {
    const { GzipTap } = await import("./gzip_tap.ts");
    this.#gzip = new GzipTap((bytes) => this.#tap.push(bytes));
    return this.#gzip.push(head);
  }
}

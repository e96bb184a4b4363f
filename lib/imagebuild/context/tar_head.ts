import { hasTarChecksum, tarField } from "../../streams/tar_block.ts";

/**
 * How many of the first bytes of a context are needed to tell its format: one
 * tar header.
 */
export const HEAD_BYTES = 512;

/** The first bytes of compressed formats, by name. */
const magics = (packings: Readonly<Record<string, string>>) =>
  Object.entries(packings).map(([name, hex]) =>
    [name, Uint8Array.fromHex(hex)] as const
  );

/** Formats that every engine decompresses. */
const UNPACKED = magics({
  gzip: "1f8b",
  bzip2: "425a68",
  xz: "fd377a585a00",
});

/** Formats that no engine decompresses, except zstd, which some builders do. */
const UNKNOWN = magics({
  zstd: "28b52ffd",
  zip: "504b0304",
  "7z": "377abcaf271c",
  rar: "526172211a07",
  lz4: "04224d18",
  lzip: "4c5a4950",
  compress: "1f9d",
});

/** What the first bytes of a context tell about it. */
export interface ContextHead {
  /** `packed` is a compressed file; `other` may be a Dockerfile. */
  readonly kind: "tar" | "packed" | "other";
  /**
   * Why nothing can be built from it, as the end of a sentence whose subject is
   * the context; undefined if nothing is wrong.
   */
  readonly fault: string | undefined;
}

/**
 * What a builder accepts as a context besides a plain tar and a tar in gzip,
 * bzip2 or xz.
 */
export interface TakenForms {
  /** Text, which is a Dockerfile without a context. */
  readonly text: boolean;
  /** A tar in zstd. */
  readonly zstd: boolean;
}

/**
 * Tells the format of a context.
 *
 * @param head Its first {@linkcode HEAD_BYTES}, or all of it if it is shorter.
 * @param takes What the builder accepts.
 */
export function readHead(head: Uint8Array, takes: TakenForms): ContextHead {
  const begins = ([, magic]: readonly [string, Uint8Array]) =>
    magic.every((byte, at) => head[at] === byte);
  if (head.length === 0) return { kind: "other", fault: "is empty" };
  if (UNPACKED.some(begins)) return { kind: "packed", fault: undefined };
  const [packing] = UNKNOWN.find(begins) ?? [];
  if (packing === "zstd" && takes.zstd) {
    return { kind: "packed", fault: undefined };
  }
  if (packing !== undefined) {
    const fault = `is packed with ${packing}, which engines can't unpack: ${
      packing === "zstd" ? "pipe it through zstd -d" : "give a tar"
    }`;
    return { kind: "packed", fault };
  }
  if (head.length >= HEAD_BYTES && head.every((byte) => byte === 0)) {
    return { kind: "tar", fault: "is a tar without any file" };
  }
  // The mark `ustar` came with POSIX; a tar from before is recognized by its
  // checksum.
  const isTar = head.length >= HEAD_BYTES &&
    (tarField(head, 257, 5) === "ustar" ||
      hasTarChecksum(head.subarray(0, HEAD_BYTES)));
  if (isTar) return { kind: "tar", fault: undefined };
  return { kind: "other", fault: takes.text ? undefined : "is no tar" };
}

/** Checks the first bytes of a context while it is sent. */
export class HeadCheck {
  readonly #takes: TakenForms;
  readonly #refuse: (fault: string) => Error;
  readonly #head: Uint8Array = new Uint8Array(HEAD_BYTES);
  #length = 0;
  #isOver = false;

  /** @param refuse Makes the error that is thrown, from the fault. */
  constructor(takes: TakenForms, refuse: (fault: string) => Error) {
    this.#takes = takes;
    this.#refuse = refuse;
  }

  /**
   * Reads the next bytes; throws once they show that nothing can be built from
   * the context.
   */
  push(chunk: Uint8Array): void {
    const part = chunk.subarray(0, HEAD_BYTES - this.#length);
    this.#head.set(part, this.#length);
    this.#length += part.length;
    if (this.#length === HEAD_BYTES) this.end();
  }

  /**
   * Called after the last bytes; checks a context that is shorter than the
   * head.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const head = this.#head.subarray(0, this.#length);
    const { fault } = readHead(head, this.#takes);
    if (fault !== undefined) throw this.#refuse(fault);
  }
}

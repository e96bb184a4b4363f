import { hasTarChecksum, tarField } from "../../streams/tar_block.ts";

/** How much of a context tells what it is. */
export const HEAD_BYTES = 512;

/** How a packed file begins. */
const magics = (packings: Readonly<Record<string, string>>) =>
  Object.entries(packings).map(([name, hex]) =>
    [name, Uint8Array.fromHex(hex)] as const
  );

/** What every engine unpacks. */
const UNPACKED = magics({
  gzip: "1f8b",
  bzip2: "425a68",
  xz: "fd377a585a00",
});

/** What none of them does, but zstd. */
const UNKNOWN = magics({
  zstd: "28b52ffd",
  zip: "504b0304",
  "7z": "377abcaf271c",
  rar: "526172211a07",
  lz4: "04224d18",
  lzip: "4c5a4950",
  compress: "1f9d",
});

/** What the first bytes of a context say that it is. */
export interface ContextHead {
  /** `packed` is what an engine unpacks; `other` may be a Dockerfile. */
  readonly kind: "tar" | "packed" | "other";
  /** Why nothing can be built from it, behind a subject; undefined if something may. */
  readonly fault: string | undefined;
}

/** What a builder takes for a context besides a tar, plain or packed as every engine unpacks it. */
export interface TakenForms {
  /** Text: a Dockerfile alone. */
  readonly text: boolean;
  /** A tar that is packed with zstd. */
  readonly zstd: boolean;
}

/**
 * Tells what a stream is that was given as a context.
 *
 * @param head Its first {@linkcode HEAD_BYTES}, or all of it.
 * @param takes What the builder takes that gets it.
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
  // The mark came with POSIX; older tars have only a checksum to be known by.
  const isTar = head.length >= HEAD_BYTES &&
    (tarField(head, 257, 5) === "ustar" ||
      hasTarChecksum(head.subarray(0, HEAD_BYTES)));
  if (isTar) return { kind: "tar", fault: undefined };
  return { kind: "other", fault: takes.text ? undefined : "is no tar" };
}

/** Looks at the first bytes of a context that passes by. */
export class HeadCheck {
  readonly #takes: TakenForms;
  readonly #refuse: (fault: string) => Error;
  readonly #head: Uint8Array = new Uint8Array(HEAD_BYTES);
  #length = 0;
  #isOver = false;

  /** @param refuse Makes the error that is thrown. */
  constructor(takes: TakenForms, refuse: (fault: string) => Error) {
    this.#takes = takes;
    this.#refuse = refuse;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#isOver) return;
    const part = chunk.subarray(0, HEAD_BYTES - this.#length);
    this.#head.set(part, this.#length);
    this.#length += part.length;
    if (this.#length === HEAD_BYTES) this.end();
  }

  /** There are no more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const head = this.#head.subarray(0, this.#length);
    const { fault } = readHead(head, this.#takes);
    if (fault !== undefined) throw this.#refuse(fault);
  }
}

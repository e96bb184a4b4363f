import { createHash, type Hash } from "node:crypto";

/** Digests of the image specification, with as many digits as each has. */
const DIGEST_REGEXP =
  /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** Whether a text is a digest, such as `sha256:` and 64 digits. */
export function isDigest(text: unknown): text is string {
  return typeof text === "string" && DIGEST_REGEXP.test(text);
}

/** Digest of bytes, `sha256:…`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Whether bytes have a digest. */
export function hasDigest(bytes: Uint8Array, digest: string): boolean {
  const hash = hashFor(digest);
  hash.update(bytes);
  return hash.digest("hex") === digest.slice(digest.indexOf(":") + 1);
}

/** Whether bytes that come in pieces are those of a digest. */
export interface DigestCheck {
  /** Takes the next bytes. Throws if they are too many. */
  take(chunk: Uint8Array): void;
  /** All bytes were taken. Throws if they are others than those of the digest. */
  end(): void;
}

/**
 * Begins to check bytes.
 *
 * @param size How many bytes there are; undefined where that is not known.
 * @param failure Makes the error that is thrown.
 */
export function digestCheck(
  digest: string,
  size: number | undefined,
  failure: (why: string) => Error,
): DigestCheck {
  const hash = hashFor(digest);
  let bytes = 0;
  return {
    take(chunk) {
      bytes += chunk.length;
      if (size !== undefined && bytes > size) {
        throw failure(`has more than the ${size} bytes that it should have`);
      }
      hash.update(chunk);
    },
    end() {
      if (size !== undefined && bytes < size) {
        throw failure(`ended after ${bytes} of ${size} bytes`);
      }
      const found = hash.digest("hex");
      if (found !== digest.slice(digest.indexOf(":") + 1)) {
        throw failure(`has other bytes than those of its digest`);
      }
    },
  };
}

/**
 * Passes bytes on, and fails at their end if they are not those of the digest.
 *
 * @param size How many bytes there are; undefined where that is not known.
 * @param failure Makes the error.
 */
export function checkedStream(
  digest: string,
  size: number | undefined,
  failure: (why: string) => Error,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const check = digestCheck(digest, size, failure);
  return new TransformStream({
    transform(chunk, controller) {
      check.take(chunk);
      controller.enqueue(chunk);
    },
    flush: () => check.end(),
  });
}

function hashFor(digest: string): Hash {
  return createHash(digest.slice(0, digest.indexOf(":")));
}

import type { Control } from "../buildkit/control.ts";
import { ProtocolError } from "../errors.ts";
import { digestCheck, isDigest } from "../registry/digest.ts";

/**
 * The bytes of a part of a record, as slowly as they are taken.
 *
 * @param options `size` is how many bytes the record says that there are.
 * @throws {ProtocolError} At their end, if they are not those of their digest
 * or not as many as they should be. A digest of a kind that is not known here is
 * not checked.
 */
export async function* checkedContent(
  control: Control,
  digest: string,
  { size, signal }: {
    readonly size?: number | undefined;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const failure = (why: string) =>
    new ProtocolError(`${digest} in the engine's history ${why}`);
  const check = isDigest(digest)
    ? digestCheck(digest, size, failure)
    : undefined;
  for await (const part of control.content(digest, { signal })) {
    check?.take(part);
    yield part.slice(); // it may lie in a buffer that is larger
  }
  check?.end();
}

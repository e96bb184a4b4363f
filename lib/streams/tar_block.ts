const decoder = new TextDecoder();

/** The text in a field of a tar's header, up to its first NUL. */
export function tarField(
  header: Uint8Array,
  at: number,
  length: number,
): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

/**
 * The checksum of a header: the sum of its bytes, with blanks in the field of
 * the checksum.
 */
export function tarChecksum(header: Uint8Array): number {
  return header.reduce(
    (sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte),
    0,
  );
}

/** Whether the checksum in a header is right. */
export function hasTarChecksum(header: Uint8Array): boolean {
  return Number.parseInt(tarField(header, 148, 8), 8) === tarChecksum(header);
}

const decoder = new TextDecoder();

/** Text of a field in a tar's header, up to its first NUL. */
export function tarField(
  header: Uint8Array,
  at: number,
  length: number,
): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

/** The sum of a header's bytes, with blanks where it is written itself. */
export function tarChecksum(header: Uint8Array): number {
  return header.reduce(
    (sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte),
    0,
  );
}

/** Whether a header holds its own sum. */
export function hasTarChecksum(header: Uint8Array): boolean {
  return Number.parseInt(tarField(header, 148, 8).trim(), 8) ===
    tarChecksum(header);
}

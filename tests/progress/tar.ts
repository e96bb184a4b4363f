/** A tar archive of small files, for builds of tests. */
export function tarOf(files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (const [name, text] of Object.entries(files)) {
    const data = encoder.encode(text);
    const octal = (value: number, size: number) =>
      value.toString(8).padStart(size - 1, "0") + "\0";
    const header = new Uint8Array(512);
    header.set(encoder.encode(name));
    header.set(encoder.encode(octal(0o644, 8)), 100);
    header.set(encoder.encode(octal(0, 8)), 108);
    header.set(encoder.encode(octal(0, 8)), 116);
    header.set(encoder.encode(octal(data.length, 12)), 124);
    header.set(encoder.encode(octal(0, 12)), 136);
    header.set(encoder.encode("        0"), 148);
    header.set(encoder.encode("ustar\x0000"), 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(encoder.encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
    parts.push(header, data, new Uint8Array(-data.length & 511));
  }
  parts.push(new Uint8Array(1024));
  const size = parts.reduce((total, part) => total + part.length, 0);
  const tar = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    tar.set(part, at);
    at += part.length;
  }
  return tar;
}

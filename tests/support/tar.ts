/** A tar of small files, as a stream: just enough for contexts of tests. */
export function tarOf(
  files: Readonly<Record<string, string | Uint8Array>>,
): ReadableStream<Uint8Array> {
  return ReadableStream.from(tarChunks(files));
}

/** A context that holds a Dockerfile alone. */
export function dockerfileTar(...lines: string[]): ReadableStream<Uint8Array> {
  return tarOf({ Dockerfile: lines.join("\n") + "\n" });
}

/** The pieces of a tar: headers, contents, padding, two blocks of zeros. */
export function* tarChunks(
  files: Readonly<Record<string, string | Uint8Array>>,
): Generator<Uint8Array> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    yield tarHeader(name, bytes.length);
    yield bytes;
    yield new Uint8Array((512 - bytes.length % 512) % 512);
  }
  yield new Uint8Array(1024);
}

/** The header of a regular file: ustar, mode 0644, root, the epoch. */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(512);
  const put = (text: string, at: number) =>
    header.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\x0000", 257);
  const sum = header.reduce((a, b) => a + b, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** The same tar as one piece. */
export async function tarBytes(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Blob(
    [...tarChunks(files)] as Uint8Array<ArrayBuffer>[],
  ).bytes();
}

import type { MessageDuplex } from "../streams/duplex.ts";
import { ExportError } from "./export_error.ts";

/**
 * Receives the pieces of an archive until its end.
 *
 * @param write Called with each piece; the bytes are valid until its promise
 * settles.
 * @throws {ExportError} If the archive has more than `maxBytes`.
 */
export async function receiveArchive(
  stream: MessageDuplex,
  maxBytes: number,
  write: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  let total = 0;
  while (true) {
    const bytes = await stream.read();
    if (bytes === null) return;
    total += bytes.length;
    if (total > maxBytes) {
      throw new ExportError(
        `Cannot export: the archive has more than ${maxBytes} bytes (maxBytes)`,
      );
    }
    const room = write(bytes);
    if (room !== undefined) await room;
  }
}

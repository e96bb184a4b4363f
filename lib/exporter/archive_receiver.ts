import type { MessageDuplex } from "../streams/duplex.ts";
import { ExportError } from "./export_error.ts";

/**
 * Takes the pieces of an archive, to their end.
 *
 * @param write Takes one piece, which is only there until it settles.
 * @throws {ExportError} If there are more than `maxBytes`.
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

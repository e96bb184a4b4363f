import type { Exporter, ExportReport } from "../exporter/exporter.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/**
 * Puts bytes into their place, whole or not at all.
 *
 * @throws {ExportError} If they can't be written.
 */
export async function exportBytes(
  exporter: Exporter,
  bytes: () => AsyncGenerator<Uint8Array, void>,
  signal: AbortSignal,
): Promise<ExportReport> {
  try {
    await exporter.prepare();
    await using parts = bytes();
    const stream: MessageDuplex = {
      signal,
      async read() {
        const { done, value } = await parts.next();
        return done === true ? null : value!;
      },
      write: () => undefined, // it is only read
    };
    await exporter.receive(stream);
    return await exporter.commit();
  } catch (error) {
    await exporter.discard(error);
    throw error;
  }
}

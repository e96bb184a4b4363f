import { receiveArchive } from "./archive_receiver.ts";
import { ExportError, notReceived, secondArchive } from "./export_error.ts";
import type { Exporter, ExportLimits, ExportReport } from "./exporter.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/**
 * Receives an archive into a stream of the caller's, piece by piece as it
 * comes.
 */
export class ArchiveStream implements Exporter {
  readonly wire = "bytes";
  readonly canStage = false;
  readonly dest = undefined;
  readonly #stream: WritableStream<Uint8Array>;
  readonly #limits: ExportLimits;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #begun = false;
  #complete = false;
  #over = false;
  #bytes = 0;

  /** @param stream A stream that is not locked. */
  constructor(stream: WritableStream<Uint8Array>, limits: ExportLimits) {
    this.#stream = stream;
    this.#limits = limits;
  }

  place(): Promise<WritableStream<Uint8Array>> {
    return Promise.resolve(this.#stream);
  }

  prepare(): Promise<void> {
    try {
      this.#writer = this.#stream.getWriter();
      this.#writer.closed.catch(() => {}); // whoever writes next is told
      return Promise.resolve();
    } catch (cause) {
      return Promise.reject(unwritable(cause));
    }
  }

  async receive(stream: MessageDuplex): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined || this.#begun || this.#over) {
      throw secondArchive();
    }
    this.#begun = true;
    await receiveArchive(stream, this.#limits.maxBytes, async (bytes) => {
      this.#bytes += bytes.length;
      try {
        // A copy, because the consumer may keep it or transfer its memory.
        await writer.write(bytes.slice());
      } catch (cause) {
        throw unwritable(cause);
      }
    });
    this.#complete = true;
  }

  received(): Promise<void> {
    return this.#complete ? Promise.resolve() : Promise.reject(notReceived());
  }

  staged(): Promise<string> {
    return Promise.reject(new TypeError("A stream has its bytes already"));
  }

  async commit(): Promise<ExportReport> {
    const writer = this.#writer;
    if (writer === undefined || this.#over) {
      throw new TypeError("Cannot commit: the export was not prepared");
    }
    if (!this.#complete) {
      const error = notReceived();
      await this.discard(error);
      throw error;
    }
    this.#over = true;
    try {
      await writer.close();
    } catch (cause) {
      throw unwritable(cause);
    } finally {
      writer.releaseLock();
    }
    return {
      dest: undefined,
      entries: 0,
      bytes: this.#bytes,
      skipped: 0,
      skippedPaths: [],
    };
  }

  async discard(reason?: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    // A stream that somebody else has locked by now does not let itself be
    // aborted.
    const aborted = (this.#writer ?? this.#stream).abort(reason);
    await aborted.catch(() => {}); // given up: what it says to that changes nothing
    this.#writer?.releaseLock();
  }
}

function unwritable(cause: unknown): ExportError {
  const words = cause instanceof Error ? `: ${cause.message}` : "";
  return new ExportError(
    `Cannot export to the stream: it takes no more${words}`,
    { cause },
  );
}

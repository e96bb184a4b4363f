import {
  cannotExport,
  type ExportError,
  notReceived,
  secondArchive,
} from "./export_error.ts";
import type { Exporter, ExportLimits, ExportReport } from "./exporter.ts";
import type { FileWriter } from "./file_writer.ts";
import { receiveArchive } from "./archive_receiver.ts";
import { setMode } from "./mode.ts";
import type { Staging } from "./staging.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/** Name of the archive in the private folder in which it is written. */
const NAME = "archive";

/**
 * Receives an archive into a file: the archive is written beside the file, and
 * renamed at the end.
 */
export class ArchiveFile implements Exporter {
  readonly wire = "bytes";
  readonly canStage = true;
  readonly dest: string;
  readonly #limits: ExportLimits;
  /** Has a private folder beside the file. */
  #staging: Staging | undefined;
  #writer: FileWriter | undefined;
  #bytes = 0;
  #complete = false;

  /** @param dest Path of the file, as the caller gave it. */
  constructor(dest: string, limits: ExportLimits) {
    this.dest = dest;
    this.#limits = limits;
  }

  async place(): Promise<string> {
    const { findPlace } = await import("./place.ts");
    return (await findPlace(this.dest, "file")).path;
  }

  async prepare(): Promise<void> {
    const { Staging } = await import("./staging.ts");
    const { FileWriter } = await import("./file_writer.ts");
    this.#staging = await Staging.make(this.dest, "file");
    const { folder } = this.#staging.area!;
    try {
      // The process's umask applies, as for any new file.
      this.#writer = FileWriter.create(folder.at(NAME), 0o666);
    } catch (error) {
      throw cannotExport(this.dest, "nothing can be written there", error);
    }
  }

  async receive(stream: MessageDuplex): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) throw secondArchive();
    this.#writer = undefined;
    try {
      await receiveArchive(stream, this.#limits.maxBytes, (bytes) => {
        this.#bytes += bytes.length;
        return writer.write(bytes)?.catch((error) => {
          throw this.#unwritable(error);
        });
      });
      await writer.end().catch((error) => {
        throw this.#unwritable(error);
      });
      this.#complete = true;
    } finally {
      await writer.close();
    }
  }

  received(): Promise<void> {
    return this.#complete ? Promise.resolve() : Promise.reject(notReceived());
  }

  staged(): Promise<string> {
    const area = this.#staging?.area;
    return this.#complete && area !== undefined
      ? Promise.resolve(area.folder.at(NAME))
      : Promise.reject(notReceived());
  }

  async commit(): Promise<ExportReport> {
    const staging = this.#staging;
    const area = staging?.area;
    if (staging === undefined || area === undefined) {
      throw new TypeError("Cannot commit: the export was not prepared");
    }
    const { place } = staging;
    try {
      if (!this.#complete) throw notReceived();
      const { mode } = place.info ?? {};
      const from = area.folder.at(NAME);
      const to = area.above.at(place.name);
      if (typeof mode === "number") setModeOf(from, mode);
      await Deno.rename(from, to).catch((error) => {
        throw cannotExport(this.dest, "it can't be put in its place", error);
      });
      staging.keepParents();
    } finally {
      await this.discard();
    }
    return {
      dest: place.path,
      entries: 0,
      bytes: this.#bytes,
      skipped: 0,
      skippedPaths: [],
    };
  }

  async discard(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
    await this.#staging?.remove();
  }

  #unwritable(error: unknown): ExportError {
    return cannotExport(this.dest, "the archive can't be written", error);
  }
}

/** Keeps the permissions of the file that is replaced. */
function setModeOf(path: string, mode: number): void {
  setMode(path, mode & 0o777);
}

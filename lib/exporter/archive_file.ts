import {
  cannotExport,
  type ExportError,
  notReceived,
  secondArchive,
} from "./export_error.ts";
import type { Exporter, ExportLimits, ExportReport } from "./exporter.ts";
import type { FileWriter } from "./file_writer.ts";
import type { ExportArea, ExportPlace } from "./place.ts";
import { receiveArchive } from "./archive_receiver.ts";
import { setMode } from "./mode.ts";
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
  #place: ExportPlace | undefined;
  /** A private folder beside the file. */
  #area: ExportArea | undefined;
  /** Removes the folders above the file that were made for this export. */
  #removeParents: (() => Promise<void>) | undefined;
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
    const { findPlace, makeArea, makeParents } = await import("./place.ts");
    const { FileWriter } = await import("./file_writer.ts");
    const place = await findPlace(this.dest, "file");
    this.#removeParents = await makeParents(this.dest, place);
    this.#area = await makeArea(this.dest, place, "file");
    try {
      // The process's umask applies, as for any new file.
      this.#writer = FileWriter.create(this.#area.folder.at(NAME), 0o666);
    } catch (error) {
      throw cannotExport(this.dest, "nothing can be written there", error);
    }
    this.#place = place;
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
    return this.#complete && this.#area !== undefined
      ? Promise.resolve(this.#area.folder.at(NAME))
      : Promise.reject(notReceived());
  }

  async commit(): Promise<ExportReport> {
    const [place, area] = [this.#place, this.#area];
    if (place === undefined || area === undefined) {
      throw new TypeError("Cannot commit: the export was not prepared");
    }
    try {
      if (!this.#complete) throw notReceived();
      const { mode } = place.info ?? {};
      const from = area.folder.at(NAME);
      const to = area.above.at(place.name);
      if (typeof mode === "number") setModeOf(from, mode);
      await Deno.rename(from, to).catch((error) => {
        throw cannotExport(this.dest, "it can't be put in its place", error);
      });
      this.#removeParents = undefined;
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
    const area = this.#area;
    this.#area = undefined;
    await area?.remove().catch((error) => {
      const name = JSON.stringify(area.folder.name);
      throw cannotExport(
        this.dest,
        `the temporary folder ${name} can't be removed`,
        error,
      );
    });
    await this.#removeParents?.();
  }

  #unwritable(error: unknown): ExportError {
    return cannotExport(this.dest, "the archive can't be written", error);
  }
}

/** Keeps the permissions of the file that is replaced. */
function setModeOf(path: string, mode: number): void {
  setMode(path, mode & 0o777);
}

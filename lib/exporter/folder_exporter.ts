import { cannotExport, ExportError, notReceived } from "./export_error.ts";
import type { Exporter, ExportLimits, ExportReport } from "./exporter.ts";
import type { HeldFolder } from "./held_folder.ts";
import type { ExportArea, ExportPlace } from "./place.ts";
import type { StagedTree } from "./staged_tree.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/**
 * Receives the files of a result into a folder: they are written beside it, and
 * moved into it at the end.
 */
export class FolderExporter implements Exporter {
  readonly wire = "packets";
  readonly canStage = true;
  readonly dest: string;
  readonly #limits: ExportLimits;
  #place: ExportPlace | undefined;
  /**
   * A private folder: `new` in it takes what is received, `old` what is
   * replaced.
   */
  #area: ExportArea | undefined;
  /** Removes the folders above it that were made for this export. */
  #removeParents: (() => Promise<void>) | undefined;
  #tree: StagedTree | undefined;
  readonly #running = new Set<Promise<void>>();
  #received = 0;

  /** @param dest Path of the folder, as the caller gave it. */
  constructor(dest: string, limits: ExportLimits) {
    this.dest = dest;
    this.#limits = limits;
  }

  async place(): Promise<string> {
    const { findPlace } = await import("./place.ts");
    return (await findPlace(this.dest, "folder")).path;
  }

  async prepare(): Promise<void> {
    const { findPlace, makeArea, makeParents } = await import("./place.ts");
    const place = await findPlace(this.dest, "folder");
    this.#removeParents = await makeParents(this.dest, place);
    this.#area = await makeArea(this.dest, place, "folder");
    this.#place = place;
    const { folder } = this.#area;
    for (const name of ["new", "old"]) {
      await Deno.mkdir(folder.at(name), { mode: 0o700 });
    }
    const { StagedTree } = await import("./staged_tree.ts");
    this.#tree = new StagedTree(folder.at("new"), this.dest, this.#limits);
  }

  async receive(stream: MessageDuplex): Promise<void> {
    if (this.#tree === undefined) {
      throw new TypeError("Cannot receive: the export was not prepared");
    }
    const running = this.#receive(stream, this.#tree);
    this.#running.add(running);
    try {
      await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #receive(stream: MessageDuplex, tree: StagedTree): Promise<void> {
    try {
      const { receiveFolder } = await import("../fsutil/receive.ts");
      await receiveFolder(stream, tree);
      this.#received++;
    } catch (error) {
      // The export has failed: other calls of the engine can't write any more,
      // either.
      await tree.close();
      throw error;
    }
  }

  async staged(): Promise<string> {
    if (this.#area === undefined) {
      throw new TypeError("Nothing is staged: the export was not prepared");
    }
    await this.received();
    return this.#area.folder.at("new");
  }

  async commit(): Promise<ExportReport> {
    const [place, area, tree] = [this.#place, this.#area, this.#tree];
    if (place === undefined || area === undefined || tree === undefined) {
      throw new TypeError("Cannot commit: the export was not prepared");
    }
    try {
      await this.received();
      await tree.close();
      await this.#moveIn(place, area, tree);
      this.#removeParents = undefined;
    } finally {
      await this.discard();
    }
    return { dest: place.path, ...tree.counts };
  }

  /**
   * Waits for all calls. The session is closed by now, so a call that still
   * runs has received everything but the engine's last message, or it fails.
   */
  async received(): Promise<void> {
    const ends = await Promise.allSettled(this.#running);
    if (
      this.#received === 0 || ends.some(({ status }) => status === "rejected")
    ) throw notReceived();
  }

  async discard(): Promise<void> {
    await this.#tree?.close();
    const area = this.#area;
    this.#area = undefined;
    if (area !== undefined) {
      try {
        await area.remove();
      } catch (error) {
        const name = JSON.stringify(area.folder.name);
        throw cannotExport(
          this.dest,
          `the temporary folder ${name} can't be removed`,
          error,
        );
      }
    }
    await this.#removeParents?.();
  }

  async #moveIn(
    place: ExportPlace,
    { folder: area, above }: ExportArea,
    tree: StagedTree,
  ): Promise<void> {
    const { mergeInto, setFolders } = await import("./merge.ts");
    if (place.info === undefined) {
      const [from, to] = [area.at("new"), above.at(place.name)];
      if (!await isThere(to)) {
        try {
          setFolders((path) => `${from}/${path}`, tree.folders, () => false);
          await Deno.rename(from, to);
        } catch (error) {
          throw cannotExport(
            this.dest,
            "it can't be put in its place",
            error,
          );
        }
        return;
      }
    }
    const { HeldFolder } = await import("./held_folder.ts");
    using dest = this.#held(() => HeldFolder.open(place.path));
    const { folders } = tree;
    await mergeInto({ area, dest, folders, name: this.dest });
  }

  #held(open: () => HeldFolder): HeldFolder {
    try {
      return open();
    } catch (error) {
      if (error instanceof ExportError) throw error;
      throw cannotExport(this.dest, "it is not there any more", error);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

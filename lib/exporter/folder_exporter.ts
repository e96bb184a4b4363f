import { cannotExport, ExportError, notReceived } from "./export_error.ts";
import type { Exporter, ExportLimits, ExportReport } from "./exporter.ts";
import type { HeldFolder } from "./held_folder.ts";
import type { ExportArea, ExportPlace } from "./place.ts";
import type { StagedTree } from "./staged_tree.ts";
import type { Staging } from "./staging.ts";
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
  /**
   * Has a private folder: `new` in it takes what is received, `old` what is
   * replaced.
   */
  #staging: Staging | undefined;
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
    const { Staging } = await import("./staging.ts");
    this.#staging = await Staging.make(this.dest, "folder");
    const { folder } = this.#staging.area!;
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
    const area = this.#staging?.area;
    if (area === undefined) {
      throw new TypeError("Nothing is staged: the export was not prepared");
    }
    await this.received();
    return area.folder.at("new");
  }

  async commit(): Promise<ExportReport> {
    const [staging, tree] = [this.#staging, this.#tree];
    const area = staging?.area;
    if (staging === undefined || area === undefined || tree === undefined) {
      throw new TypeError("Cannot commit: the export was not prepared");
    }
    const { place } = staging;
    try {
      await this.received();
      await tree.close();
      await this.#moveIn(place, area, tree);
      staging.keepParents();
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
    await this.#staging?.remove();
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

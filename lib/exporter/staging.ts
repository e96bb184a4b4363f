import { cannotExport } from "./export_error.ts";
import {
  type ExportArea,
  type ExportPlace,
  findPlace,
  makeArea,
  makeParents,
} from "./place.ts";

/**
 * What one export makes on the disk until its result is in its place: a private
 * folder for it, and the folders above the destination.
 */
export class Staging {
  /** The export's destination. */
  readonly place: ExportPlace;
  readonly #dest: string;
  #area: ExportArea | undefined;
  #removeParents: (() => Promise<void>) | undefined;

  private constructor(
    dest: string,
    place: ExportPlace,
    area: ExportArea,
    removeParents: () => Promise<void>,
  ) {
    this.#dest = dest;
    this.place = place;
    this.#area = area;
    this.#removeParents = removeParents;
  }

  /**
   * Makes the folders.
   *
   * @param dest Path of the destination, as the caller gave it.
   * @throws {ExportError} If nothing can be written there; nothing is left of
   * what was made.
   */
  static async make(
    dest: string,
    kind: "folder" | "file",
  ): Promise<Staging> {
    const place = await findPlace(dest, kind);
    const removeParents = await makeParents(dest, place);
    try {
      const area = await makeArea(dest, place, kind);
      return new Staging(dest, place, area, removeParents);
    } catch (error) {
      await removeParents();
      throw error;
    }
  }

  /** The private folder; undefined once it is removed. */
  get area(): ExportArea | undefined {
    return this.#area;
  }

  /** Keeps the folders above the destination, because the result is there. */
  keepParents(): void {
    this.#removeParents = undefined;
  }

  /**
   * Removes what was made and is not kept. May be called again.
   *
   * @throws {ExportError} If the private folder can't be removed.
   */
  async remove(): Promise<void> {
    const area = this.#area;
    this.#area = undefined;
    await area?.remove().catch((error) => {
      const name = JSON.stringify(area.folder.name);
      throw cannotExport(
        this.#dest,
        `the temporary folder ${name} can't be removed`,
        error,
      );
    });
    await this.#removeParents?.();
  }
}

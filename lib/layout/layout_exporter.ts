import { ProtocolError } from "../errors.ts";
import { notReceived } from "../exporter/export_error.ts";
import type { Exporter, ExportReport } from "../exporter/exporter.ts";
import type { ExportedImage } from "./exported_image.ts";
import type { LayoutFolder } from "./layout_folder.ts";
import type { LayoutStores } from "./layout_stores.ts";

/** The id by which BuildKit asks for the store of an image that it exports. */
const STORE_ID = "export";

/**
 * Receives an image as a folder in OCI's layout (`tar=false` of BuildKit's
 * exporters `oci` and `docker`): the engine writes the blobs into a content
 * store, and `commit()` gives them their names in `index.json`.
 */
export class LayoutExporter implements Exporter {
  readonly wire = "bytes";
  /** What is in the folder can't be taken back. */
  readonly canStage = false;
  readonly dest: string;
  #folder: LayoutFolder | undefined;
  #answer: ReadonlyMap<string, string> = new Map();

  /** @param dest Path of the folder, as the caller gave it. */
  constructor(dest: string) {
    this.dest = dest;
  }

  async place(): Promise<string> {
    const { findPlace } = await import("../exporter/place.ts");
    return (await findPlace(this.dest, "folder")).path;
  }

  /** Nothing is to be done besides {@linkcode LayoutExporter.open}. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Opens the folder as a store that the session offers.
   *
   * @throws {LayoutError} If it can't be written.
   */
  async open(stores: LayoutStores): Promise<void> {
    this.#folder = await stores.open(STORE_ID, this.dest, "write");
  }

  /** Takes what the engine answered for the build: which image it is. */
  answered(answer: ReadonlyMap<string, string>): void {
    this.#answer = answer;
  }

  receive(): Promise<void> {
    return Promise.reject(
      new ProtocolError(
        "The engine sent an archive where it was to write into a folder",
      ),
    );
  }

  async received(): Promise<void> {
    await this.#image();
  }

  staged(): Promise<string> {
    return Promise.reject(
      new TypeError("An image that is written into a folder is not staged"),
    );
  }

  async commit(): Promise<ExportReport> {
    const { folder, descriptor, names } = await this.#image();
    const { blobs, bytes } = await folder.measure(descriptor);
    await folder.put(descriptor, names);
    return {
      dest: folder.realPath,
      entries: blobs,
      bytes,
      skipped: 0,
      skippedPaths: [],
    };
  }

  /** The folder is closed with the stores; what was written is kept for the next build. */
  discard(): Promise<void> {
    return Promise.resolve();
  }

  /** The image that the engine has written. */
  async #image(): Promise<ExportedImage & { readonly folder: LayoutFolder }> {
    const { exportedImage } = await import("./exported_image.ts");
    const folder = this.#folder;
    const image = exportedImage(this.#answer);
    const info = image && folder?.info(image.descriptor.digest);
    if (folder === undefined || image === undefined || info === undefined) {
      throw notReceived();
    }
    return { ...image, folder };
  }
}

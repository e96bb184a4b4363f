import { compareNames } from "../context/order.ts";
import { ProtocolError } from "../errors.ts";
import { quoted } from "./entry_check.ts";

/** Holds received entries to the order of the wire. */
export class EntryOrder {
  /** The folders that the last entry lies in, from the root on, with the last name in each. */
  readonly #open: { readonly path: string; last: string }[] = [
    { path: "", last: "" },
  ];

  /**
   * Takes the next path, checked before.
   *
   * @throws {ProtocolError} If it is out of order, or its folder was not sent.
   */
  next(path: string, isFolder: boolean): void {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : path.slice(0, slash);
    const name = path.slice(slash + 1);
    let depth = this.#open.length - 1;
    while (depth > 0 && this.#open[depth]!.path !== parent) depth--;
    const folder = this.#open[depth]!;
    if (folder.path !== parent || compareNames(name, folder.last) <= 0) {
      throw new ProtocolError(
        `The engine sent ${quoted(path)} out of order, behind ${
          quoted(
            folder.path === "" ? folder.last : `${folder.path}/${folder.last}`,
          )
        }: nothing of it was kept`,
      );
    }
    this.#open.length = depth + 1;
    folder.last = name;
    if (isFolder) this.#open.push({ path, last: "" });
  }
}

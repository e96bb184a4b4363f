import { compareNames } from "../context/order.ts";
import { ProtocolError } from "../errors.ts";
import { quoted } from "./entry_check.ts";

/** Checks that received entries come in the order that the protocol demands. */
export class EntryOrder {
  /**
   * The folders above the last entry, from the root on, each with the last name
   * that came in it.
   */
  readonly #open: { readonly path: string; last: string }[] = [
    { path: "", last: "" },
  ];

  /**
   * Checks the next path, whose form was already checked.
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

import type { ImageTransfer } from "../transfer/transfer.ts";
import { print } from "./print.ts";

/** Called with each line about a push or a pull. */
export type Teller = (line: string) => void;

/**
 * Prints the lines about a transfer to standard error, or nowhere if `quiet`.
 */
export function transferTeller(quiet: boolean): Teller {
  return quiet ? () => {} : (line) => print(line, Deno.stderr);
}

/**
 * Tells the status of an image's layers until the transfer is complete.
 *
 * @returns The image's digest.
 */
export async function tellTransfer(
  transfer: ImageTransfer,
  tell: Teller,
): Promise<string> {
  /**
   * The last status of each layer: progress comes many times a second, but the
   * status changes seldom, and only changes are told.
   */
  const told = new Map<string, string>();
  for await (const event of transfer.events()) {
    if (event.type !== "layer") continue;
    const { id, status } = event;
    if (told.get(id) !== status) tell(`${id}: ${status}`);
    told.set(id, status);
  }
  return await transfer.wait();
}

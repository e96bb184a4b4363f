import type { ImageTransfer } from "../transfer/transfer.ts";
import { print } from "./print.ts";

/** Takes the lines that are told of a push or a pull. */
export type Teller = (line: string) => void;

/** Where a transfer is told of: standard error, or nowhere. */
export function transferTeller(quiet: boolean): Teller {
  return quiet ? () => {} : (line) => print(line, Deno.stderr);
}

/**
 * Tells what an image's layers do, until they are all there.
 *
 * @returns The image's digest.
 */
export async function tellTransfer(
  transfer: ImageTransfer,
  tell: Teller,
): Promise<string> {
  /** What was told of each layer: progress comes many times a second, its words change seldom. */
  const told = new Map<string, string>();
  for await (const event of transfer.events()) {
    if (event.type !== "layer") continue;
    const { id, status } = event;
    if (told.get(id) !== status) tell(`${id}: ${status}`);
    told.set(id, status);
  }
  return await transfer.wait();
}

import type { SolveStatus } from "./solve_status.ts";

/**
 * How BuildKit says which image it stores: with graph drivers by the digest of
 * the configuration, else by that of the manifest, or of the list of several.
 */
const STORED_REGEXP =
  /^(?:writing image|exporting manifest(?: list)?) (sha256:[0-9a-f]{64})$/;

/** The ids of the images that a part of BuildKit's log says are stored. */
export function storedImages({ statuses }: SolveStatus): string[] {
  return statuses.flatMap(({ id }) => STORED_REGEXP.exec(id)?.[1] ?? []);
}

import type { BuildExportResult } from "../imagebuild/result.ts";
import { formatBytes } from "../display/units.ts";
import { print, type PrintTarget } from "./print.ts";

/**
 * Says where each result of a build is. A result on standard
 * output needs no word.
 */
export function tellExports(
  exports: readonly BuildExportResult[],
  output: PrintTarget = Deno.stderr,
): void {
  for (const { dest, entries, bytes } of exports) {
    if (dest === undefined) continue;
    const count = entries === 0
      ? ""
      : `${entries} ${entries === 1 ? "entry" : "entries"}, `;
    print(`exported to ${dest} (${count}${formatBytes(bytes)})`, output);
  }
}

import { grantedEnvironment } from "../transport/environment.ts";
import { PROGRESS_MODES } from "./build_flags.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

/** How a build is shown. */
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/**
 * The mode that `--progress`, `--quiet` and `BUILDKIT_PROGRESS` ask for.
 *
 * @throws {UsageError} If the value is not a mode, the flags contradict each
 * other, or `tty` is asked for without a terminal.
 */
export function progressMode(parsed: ParsedWords): ProgressMode {
  const quiet = parsed.switched("quiet");
  const word = progressWord(parsed);
  const mode = PROGRESS_MODES.find((mode) => mode === word);
  if (mode === undefined) {
    throw new UsageError(
      `invalid progress mode ${JSON.stringify(word)}: expected one of ${
        PROGRESS_MODES.join(", ")
      }`,
    );
  }
  if (quiet && mode !== "auto" && mode !== "quiet") {
    throw new UsageError(
      `--progress=${mode} and --quiet cannot be used together`,
    );
  }
  if (mode === "tty" && !Deno.stderr.isTerminal()) {
    throw new UsageError(
      "--progress=tty needs a terminal: failed to get console",
    );
  }
  return quiet ? "quiet" : mode;
}

/** The word that names the mode, as it was given; `auto` where none was. */
export function progressWord(parsed: ParsedWords): string {
  return parsed.text("progress") ??
    (parsed.switched("quiet")
      ? "quiet"
      : grantedEnvironment.get("BUILDKIT_PROGRESS") || "auto");
}

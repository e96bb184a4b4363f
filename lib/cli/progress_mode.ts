import { PROGRESS_MODES } from "./build_flags.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

/** How a build is shown. */
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/**
 * What `--progress`, `--quiet` and `BUILDKIT_PROGRESS` come to.
 *
 * @throws {UsageError} If it is no mode, two of them, or can't be had here.
 */
export function progressMode(parsed: ParsedWords): ProgressMode {
  const given = parsed.text("progress");
  const quiet = parsed.switched("quiet");
  const word = given ??
    (quiet ? "quiet" : optionalVariable("BUILDKIT_PROGRESS") ?? "auto");
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

/**
 * A variable that only changes how something is done: where this program may
 * not read it, it counts as not set, and no permission is asked for.
 */
function optionalVariable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}

import { displayBuild } from "../display/display_build.ts";
import type { DisplayMode } from "../display/display_events.ts";
import { canRepaint } from "../display/terminal.ts";
import type { ImageBuild } from "../imagebuild/image_build.ts";
import type { CommandContext } from "./command.ts";
import { silences } from "./silence.ts";

/** Shows a build, and what an interrupt is told meanwhile. */
export async function showBuild(
  build: Pick<ImageBuild, "events">,
  mode: DisplayMode,
  interrupt: CommandContext["interrupt"],
): Promise<void> {
  const { tell } = interrupt;
  const tellSilence = silences.tell;
  let notice: string | undefined;
  if (mode === "tty" || mode === "auto" && canRepaint(Deno.stderr)) {
    // The display prints the notice itself: a line from anywhere else would
    // shift the lines that it repaints.
    interrupt.tell = (text) => notice = text;
    silences.tell = (text) => {
      notice ??= text;
      return () => {
        if (notice === text) notice = undefined;
      };
    };
  }
  try {
    await displayBuild(build, { mode, notice: () => notice });
  } finally {
    interrupt.tell = tell;
    silences.tell = tellSilence;
  }
}

import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { TtyDisplay } from "../../lib/display/tty.ts";
import { BuildState } from "../../lib/progress/state.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";

function step(index: number): BuildEvent {
  return {
    type: "vertex",
    digest: `${index}`,
    name: `step ${index}`,
    inputs: [],
    cached: false,
    started: 1000 + index,
    completed: undefined,
    error: undefined,
    group: undefined,
  };
}

Deno.test("a notice is the last line of a frame, within the screen, and not of the end", () => {
  let notice: string | undefined;
  const state = new BuildState();
  const display = new TtyDisplay({
    state,
    size: () => ({ columns: 40, rows: 8 }),
    color: false,
    notice: () => notice,
  });
  const frame = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes)
      // deno-lint-ignore no-control-regex
      .replace(/\x1b\[[?\d]*[a-zA-Z]|\r/g, "").trimEnd().split("\n");
  const steps = Array.from({ length: 20 }, (_, index) => step(index));
  for (const event of steps) state.apply(event);
  display.update(steps, 2000);
  assertEquals(frame(display.render(2000)).length, 7);
  notice = `canceling ${"and so on ".repeat(10)}`;
  const lines = frame(display.render(2000));
  assertEquals(lines.length, 7);
  assertEquals(lines.at(-1), notice.slice(0, 39));
  assertStringIncludes(lines.at(-2)!, "step 19");
  notice = undefined;
  assertStringIncludes(frame(display.render(2000)).at(-1)!, "step 19");
  notice = "canceling";
  assertEquals(frame(display.end(2000)).includes("canceling"), false);
});

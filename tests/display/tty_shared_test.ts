import { textWidth } from "../../lib/display/text_width.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Pause } from "./pause.ts";
import { tmuxProgram, TmuxScreen } from "./tmux.ts";

const missing = await tmuxProgram().then(() => false, () => true);

const PROGRAM = `${Deno.execPath()} run -A --no-check -c ${
  new URL("../../deno.json", import.meta.url).pathname
} ${new URL("tty_shared_program.ts", import.meta.url).pathname}`;

/** A test in a real terminal. */
function terminalTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing ? `${name} (skipped: no tmux)` : name,
    fn,
    ignore: missing,
  });
}

/** The names in the headers that are seen, in their order. */
function headers(lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    /^\[\+\] Building (.+?) \d+\.\ds \(\d+\/\d+\)/.exec(line)?.[1] ?? []
  );
}

function isOver(lines: readonly string[]): boolean {
  return lines.some((line) => line.startsWith("EXIT="));
}

function finished(lines: readonly string[]): string[] {
  return headers(lines.filter((line) => line.endsWith("FINISHED")));
}

terminalTest(
  "tty stacks several builds, whatever the size, and each stays whole when it ends",
  async () => {
    using pause = new Pause();
    const stages = `28_stages:20:${pause.path}`;
    await using screen = await TmuxScreen.start(
      `${PROGRAM} ${stages} 28_failing_run:1:${pause.path} ${stages}`,
      { columns: 100, rows: 40 },
    );
    await pause.reached(3);
    await screen.waitFor(
      (lines) => headers(lines).length >= 2 && lines.length > 20,
      "several builds",
    );
    for (const [columns, rows] of [[70, 30], [120, 45], [60, 12], [100, 40]]) {
      await screen.resize(columns!, rows!);
      await screen.waitFor(
        (seen) =>
          seen.every((line) => textWidth(line) <= columns! - 1) &&
          seen.length <= rows! && headers(seen).length >= 2,
        `whole frames on ${columns}x${rows}`,
      );
    }
    pause.goOn();
    const end = await screen.waitFor(isOver, "the end");
    assert(end.includes("EXIT=0"), end.join("\n"));
    assert(await screen.hasCursor());
    const history = await screen.history();
    assertEquals(
      finished(history).toSorted(),
      ["28_stages", "28_stages (2)"],
      history.join("\n"),
    );
    for (const text of ["before", "wrong"]) {
      assertEquals(history.filter((line) => line === text).length, 1);
    }
    assertEquals(
      history.filter((line) => /\[stage-11 +12\/12\] COPY/.test(line)).length,
      2,
    );
  },
);

terminalTest("a build that ends stands above those that go on", async () => {
  using pause = new Pause();
  await using screen = await TmuxScreen.start(
    `${PROGRAM} 28_stages:20:${pause.path} 28_output:40`,
    { columns: 90, rows: 80 },
  );
  await pause.reached();
  const lines = await screen.waitFor(
    (seen) =>
      finished(seen).includes("28_output") &&
      headers(seen).at(-1) === "28_stages",
    "one that has ended, and one that goes on",
  );
  assertEquals(headers(lines), ["28_output", "28_stages"], lines.join("\n"));
  pause.goOn();
  const end = await screen.waitFor(isOver, "the end");
  assert(end.includes("EXIT=0"));
  assertEquals(finished(await screen.history()), ["28_output", "28_stages"]);
});

terminalTest("more builds than lines are told by their number", async () => {
  using pause = new Pause();
  await using screen = await TmuxScreen.start(
    `${PROGRAM} ${`28_stages:20:${pause.path} `.repeat(12)}`,
    { columns: 80, rows: 8 },
  );
  await pause.reached(12);
  const lines = await screen.waitFor(
    (seen) => seen.some((line) => /^\[\+\] and \d+ more$/.test(line)),
    "the number of the others",
  );
  assert(lines.length <= 8);
  pause.goOn();
  await screen.waitFor(isOver, "the end");
  assertEquals(finished(await screen.history()).length, 12);
});

// deno-lint-ignore-file no-console
import { textWidth } from "../../lib/display/text_width.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { Pause } from "./pause.ts";
import { tmuxProgram, TmuxScreen } from "./tmux.ts";

const missing = await tmuxProgram().then(() => undefined, (error) => error);
if (missing !== undefined) {
  console.error(
    `\n!!! The tests in a real terminal are SKIPPED: there is no tmux, and ${missing.message}\n`,
  );
}

const PROGRAM = `${Deno.execPath()} run -A --no-check -c ${
  new URL("../../deno.json", import.meta.url).pathname
} ${new URL("tty_program.ts", import.meta.url).pathname}`;

/** A test in a real terminal. */
function terminalTest(name: string, fn: () => Promise<void>): void {
  const ignore = missing !== undefined;
  Deno.test({
    name: ignore ? `${name} (skipped: no tmux)` : name,
    fn,
    ignore,
  });
}

const HEADER_REGEXP = /^\[\+\] Building \d+\.\ds \(\d+\/\d+\)/;

function headers(lines: readonly string[]): string[] {
  return lines.filter((line) => HEADER_REGEXP.test(line));
}

function isRunning(lines: readonly string[]): boolean {
  return lines.filter((line) => / => \[[a-k] 2\/2\] RUN /.test(line)).length >=
    5;
}

function logCount(lines: readonly string[]): number {
  return lines.filter((line) => line.startsWith(" => => # ")).length;
}

function isOver(lines: readonly string[]): boolean {
  return lines.some((line) => line.startsWith("EXIT="));
}

function assertFits(lines: readonly string[], columns: number): void {
  for (const line of lines) assert(textWidth(line) <= columns - 1, line);
}

const SIZES = [[80, 24], [132, 43], [50, 14]] as const;

terminalTest("tty shows a build of 12 stages on any size", async () => {
  await Promise.all(SIZES.map(([columns, rows]) => showsStages(columns, rows)));
});

async function showsStages(columns: number, rows: number): Promise<void> {
  using pause = new Pause();
  await using screen = await TmuxScreen.start(
    `${PROGRAM} 28_stages 20 ${pause.path}`,
    { columns, rows },
  );
  await pause.reached();
  const running = await screen.waitFor(
    (lines) =>
      isRunning(lines) &&
      logCount(lines) >= (rows > 40 ? 12 : rows > 20 ? 3 : 0),
    "the running stages",
  );
  console.log(
    [
      `${columns}x${rows}, while it runs:`,
      ...running.map((line) => `| ${line}`),
    ]
      .join("\n"),
  );
  assertMatch(running[0]!, HEADER_REGEXP);
  assertEquals(headers(running).length, 1);
  assertFits(running, columns);
  assert(running.length <= rows - 1);
  pause.goOn();
  const end = await screen.waitFor(isOver, "the end");
  assert(end.includes("EXIT=0"));
  assert(await screen.hasCursor());
  const history = await screen.history();
  assertEquals(
    headers(history).filter((line) => /FINISHED$/.test(line)).length,
    1,
  );
  const steps = history.slice(
    history.findLastIndex((line) => HEADER_REGEXP.test(line)),
  );
  for (let index = 2; index <= 12; index++) {
    const step = new RegExp(`\\[stage-11 +${index}/12\\] COPY`);
    assertEquals(steps.filter((line) => step.test(line)).length, 1);
  }
  assertEquals(
    steps.filter((line) => /\[[a-k] 2\/2\] RUN/.test(line)).length,
    11,
  );
}

terminalTest("tty follows the terminal's size while it runs", async () => {
  using pause = new Pause();
  await using screen = await TmuxScreen.start(
    `${PROGRAM} 28_stages 20 ${pause.path}`,
    { columns: 100, rows: 30 },
  );
  await pause.reached();
  await screen.waitFor(isRunning, "the running stages");
  for (const [columns, rows] of [[60, 20], [120, 40], [45, 16], [100, 30]]) {
    await screen.resize(columns!, rows!);
    const lines = await screen.waitFor(
      (seen) =>
        headers(seen).length === 1 && HEADER_REGEXP.test(seen[0]!) &&
        seen.every((line) => textWidth(line) <= columns! - 1) &&
        seen.some((line) =>
          line.startsWith(" => ") && textWidth(line) === columns! - 1
        ),
      `one whole frame on ${columns}x${rows}`,
    );
    console.log(
      [
        `resized to ${columns}x${rows}:`,
        ...lines.slice(0, 6).map((line) => `| ${line}`),
      ]
        .join("\n"),
    );
  }
  pause.goOn();
  await screen.waitFor(isOver, "the end");
  assert(await screen.hasCursor());
  assertEquals(
    headers(await screen.history()).filter((line) => /FINISHED$/.test(line))
      .length,
    1,
  );
});

terminalTest("tty keeps any text in its place", async () => {
  using pause = new Pause();
  await using screen = await TmuxScreen.start(
    `${PROGRAM} text 1 ${pause.path}`,
    { columns: 74, rows: 20 },
  );
  await pause.reached();
  const lines = await screen.waitFor(
    (seen) => seen.some((line) => line.includes("tab")),
    "the text",
  );
  console.log(lines.map((line) => `| ${line}`).join("\n"));
  assertFits(lines, 74);
  assertMatch(lines[0]!, HEADER_REGEXP);
  assertMatch(lines[1]!, /^ => \[1\/3\] RUN 漢字漢字.*\d\.\ds$/);
  assertEquals(textWidth(lines[1]!), 73);
  const logs = lines.filter((line) => line.startsWith(" => => # "))
    .map((line) => line.slice(9));
  assertEquals(logs.slice(0, 3), [
    "wide 漢字 and 😀 and e\u0301 combined",
    "red jump clear bell",
    "99%",
  ]);
  assertEquals(logs[4], "tab     here");
  assert(
    lines.some((line) =>
      / => => sha256:0123456789ab \[=+> +\] 5\.00MB \/ 10\.00MB +\d\.\ds$/.test(
        line,
      )
    ),
  );
  assert(
    lines.some((line) => /=> \[3\/3\] RUN e\u0301te\u0301 no +tab/.test(line)),
  );
  pause.goOn();
  await screen.waitFor(isOver, "the end");
  const end = await screen.history();
  assert(end.some((line) => line.startsWith(" => ERROR [1/3] RUN")));
  assert(await screen.hasCursor());
});

terminalTest("tty tells the log of a failed step at the end", async () => {
  await using screen = await TmuxScreen.start(`${PROGRAM} 28_failing_run 20`, {
    columns: 80,
    rows: 24,
  });
  const end = await screen.waitFor(isOver, "the end");
  const from = end.indexOf("------");
  assertEquals(end.slice(from, from + 5), [
    "------",
    " > [stage-1 1/2] RUN echo before &&     echo wrong >&2 &&     exit 7:",
    "before",
    "wrong",
    "------",
  ]);
});

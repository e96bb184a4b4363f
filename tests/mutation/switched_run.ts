// @ts-types="../../lib/std/text_line_stream.d.ts"
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Mutant } from "./mutants.ts";
import { startInSession } from "./own_session.ts";
import type { Doubt, SwitchedLine, SwitchedTask } from "./switched_program.ts";
import { type Switch, withSwitches } from "./switches.ts";

/** How long the program may say nothing while it loads tests and runs them as they are, in milliseconds. */
const QUIET_MS = 120_000;

/** How much longer than without the change the tests may take, and what is added, in milliseconds. */
const SLACK = 4;
const SLACK_MS = 30_000;

/**
 * Tries many changes in one process, with tests that need no engine: what they
 * notice, they notice quickly. Of the others nothing is known: some can't be
 * made at run time, some are noticed by what `deno test` looks for besides (what
 * is left open), some by tests with an engine.
 *
 * @param folder A copy of the checkout, which is changed and changed back.
 * @param tests Files of tests, from the checkout on.
 * @returns Those that were noticed, and whether by hanging.
 */
export async function trySwitched(
  folder: string,
  mutants: readonly Mutant[],
  tests: readonly string[],
  signal: AbortSignal,
): Promise<Map<Mutant, "killed" | "timeout">> {
  const byId = new Map(mutants.map((mutant, index) => [index + 1, mutant]));
  const files = Map.groupBy(byId, ([, { file }]) => file);
  let left: number[] = [];
  for (const [file, entries] of files) {
    const { source } = entries[0]![1];
    const switches = entries.map(([id, { piece }]): Switch => ({ id, piece }));
    const { text, ids } = withSwitches(source, switches);
    left.push(...ids);
    await Deno.writeTextFile(`${folder}/${file}`, text);
  }
  const noticed = new Map<Mutant, "killed" | "timeout">();
  const measured = await Deno.makeTempFile({ dir: folder });
  await Deno.remove(measured); // the first run writes it
  try {
    let doubt: Doubt | undefined;
    while ((left.length > 0 || doubt) && !signal.aborted) {
      const task = { tests, ids: left, measured, doubt };
      const run = await runOnce(folder, task, signal);
      for (const [id, verdict] of run.tried) {
        if (verdict !== undefined) noticed.set(byId.get(id)!, verdict);
      }
      // Otherwise the tests themselves don't run like this.
      if (run.tried.size === 0 && run.doubt === undefined) break;
      doubt = run.doubt;
      left = left.filter((id) => !run.tried.has(id) && id !== doubt?.doubted);
    }
  } finally {
    for (const [file, entries] of files) {
      await Deno.writeTextFile(`${folder}/${file}`, entries[0]![1].source);
    }
  }
  return noticed;
}

/** What one run says. */
interface Run {
  /** By number: what was noticed, and undefined for what was not. */
  readonly tried: ReadonlyMap<number, "killed" | "timeout" | undefined>;
  /** What it ended with. */
  readonly doubt: Doubt | undefined;
}

async function runOnce(
  folder: string,
  given: SwitchedTask,
  signal: AbortSignal,
): Promise<Run> {
  const task: SwitchedTask = {
    ...given,
    tests: given.tests.map((test) => `file://${folder}/${test}`),
  };
  const path = `${folder}/switched.json`;
  await Deno.writeTextFile(path, JSON.stringify(task));
  const program = `${folder}/tests/mutation/switched_program.ts`;
  const { child, end } = startInSession(
    ["run", "-A", "--no-check", "--no-lock", program, path],
    { cwd: folder, stdout: "piped", signal },
  );
  const tried = new Map<number, "killed" | "timeout" | undefined>();
  let doubt: Doubt | undefined;
  let trying: number | undefined;
  let timer = setTimeout(end, QUIET_MS);
  const lines = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const text of lines) {
    const line = parse(text);
    if (line === undefined) continue; // a test's own
    clearTimeout(timer);
    if ("id" in line) {
      tried.set(line.id, line.noticed ? "killed" : undefined);
      trying = undefined;
    } else if ("doubted" in line) doubt = line;
    else if ("trying" in line) trying = line.trying;
    const time = "trying" in line ? line.time * SLACK + SLACK_MS : QUIET_MS;
    timer = setTimeout(end, time);
  }
  clearTimeout(timer);
  const { success } = await child.status;
  // It hangs, or it ended the process.
  if (!success && trying !== undefined && !doubt && !signal.aborted) {
    tried.set(trying, "timeout");
  }
  end(); // what a test started
  return { tried, doubt };
}

function parse(text: string): SwitchedLine | undefined {
  try {
    const line = JSON.parse(text);
    const isOne = typeof line === "object" && line !== null &&
      ["id", "trying", "running", "doubted"].some((key) => key in line);
    return isOne ? line : undefined;
  } catch {
    return undefined;
  }
}

import { sweep } from "./clean_up.ts";
import { readTextIfThere } from "./command.ts";
import {
  delay,
  findDescendants,
  findProcess,
  findProcesses,
  type ProcessRecord,
  signalProcess,
  waitForExit,
} from "./process.ts";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** How long a child may take to end after a signal, in milliseconds. */
const GRACE_MS = 5_000;

/** How long to read on after the child's end, in milliseconds. */
const DRAIN_MS = 1_000;

/** What {@link supervise} hands to the work it watches over. */
export interface Supervisor {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /**
   * Runs a program to its end, with our stdin and stderr, and returns its
   * exit code. On a signal it and all that descend from it are ended.
   *
   * @param onOutput Gets each piece of its stdout; without it, our stdout is its own.
   * @param onErrors The same for its stderr.
   */
  run(
    program: string,
    args: readonly string[],
    env: Record<string, string>,
    onOutput?: (chunk: Uint8Array) => void,
    onErrors?: (chunk: Uint8Array) => void,
  ): Promise<number>;
}

/**
 * Runs `work` and returns the exit code for this process: the work's, or
 * 130, 143, 129 after a signal.
 *
 * The work is expected to release what it holds when its child has ended;
 * a second signal only shortens the child's time, not the release.
 */
export async function supervise(
  work: (supervisor: Supervisor) => Promise<number>,
): Promise<number> {
  const first = new AbortController();
  const second = new AbortController();
  let code: number | undefined;
  const listeners = Object.entries(EXIT_CODES).map(([name, signalCode]) => {
    const listener = () => {
      code ??= signalCode;
      if (first.signal.aborted) second.abort();
      first.abort();
    };
    Deno.addSignalListener(name as Deno.Signal, listener);
    return () => Deno.removeSignalListener(name as Deno.Signal, listener);
  });
  const signal = first.signal;
  try {
    const result = await work({
      signal,
      run: (program, args, env, stdout, stderr) =>
        runChild(program, args, env, { stdout, stderr }, signal, second.signal),
    });
    return code ?? result;
  } catch (error) {
    if (code === undefined) say(describeError(error), Deno.stderr);
    return code ?? 1;
  } finally {
    for (const remove of listeners) remove();
  }
}

/** Writes one line; a reader that went away, or a closed terminal, is no reason to fail. */
export function say(
  line: string,
  to: { writeSync(bytes: Uint8Array): number } = Deno.stdout,
): void {
  writeAll(new TextEncoder().encode(`${line}\n`), to);
}

/** Writes all bytes, like {@link say}. */
export function writeAll(
  bytes: Uint8Array,
  to: { writeSync(bytes: Uint8Array): number } = Deno.stdout,
): void {
  try {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  } catch {
    // The clean-up after us matters more than this line.
  }
}

/** The error's message and, below it, those of what caused it. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message;
  return `${error.message}\nCaused by: ${describeError(error.cause)}`;
}

async function runChild(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  takers: Readonly<
    Record<"stdout" | "stderr", ((chunk: Uint8Array) => void) | undefined>
  >,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  // Descendants whose parents are gone still carry this mark in their environment.
  const mark = `DAVIT_RUN_${Deno.pid}`;
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...env, [mark]: "1" },
    stdin: "inherit",
    stdout: takers.stdout === undefined ? "inherit" : "piped",
    stderr: takers.stderr === undefined ? "inherit" : "piped",
  }).spawn();
  const record = await findProcess(child.pid);
  let ending: Promise<void> | undefined;
  const end = () => ending = endFamily(record, mark, hurry);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    const outputs = (["stdout", "stderr"] as const).map((name) => {
      const taker = takers[name];
      return taker && readOutput(child, child[name], taker);
    });
    const { code } = await child.status;
    await Promise.all(outputs);
    await ending;
    return code;
  } finally {
    signal.removeEventListener("abort", end);
    // Engines that the child started and, being killed, could not stop.
    if (signal.aborted) await sweep();
  }
}

/** Hands on an output of the child, to its end or until shortly after the child's. */
async function readOutput(
  child: Deno.ChildProcess,
  output: ReadableStream<Uint8Array>,
  onOutput: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = output.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // A program that the child left in the background may hold the pipe open for ever.
  child.status.then(() => timer = setTimeout(() => reader.cancel(), DRAIN_MS));
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    onOutput(value);
  }
  await child.status;
  clearTimeout(timer);
}

/** Asks the child and all that descend from it to end, then makes them. */
async function endFamily(
  child: ProcessRecord | undefined,
  mark: string,
  hurry: AbortSignal,
): Promise<void> {
  const family = await findFamily(child, mark);
  for (const process of family) await signalProcess(process, "SIGTERM");
  const deadline = Date.now() + GRACE_MS;
  while (
    !hurry.aborted && Date.now() < deadline && !await waitForExit(family, 0)
  ) await delay(20);
  for (let attempt = 0; attempt < 10; attempt++) {
    const left = await findFamily(child, mark);
    if (left.length === 0) return;
    for (const process of left) await signalProcess(process, "SIGKILL");
    await waitForExit(left, 1_000);
  }
}

async function findFamily(
  child: ProcessRecord | undefined,
  mark: string,
): Promise<ProcessRecord[]> {
  const family = child === undefined ? [] : await findDescendants(child);
  for (const process of await findProcesses(() => true)) {
    const environment = await readTextIfThere(`/proc/${process.pid}/environ`) ??
      "";
    if (`\0${environment}`.includes(`\0${mark}=`)) family.push(process);
  }
  const living = await Promise.all(family.map(({ pid }) => findProcess(pid)));
  return family.filter((process, i) =>
    living[i]?.startTime === process.startTime
  );
}

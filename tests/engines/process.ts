import { listFolder, readTextIfThere } from "./command.ts";

/** A process as `/proc` shows it; the start time tells it from a later one with its pid. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
}

interface Stat extends ProcessRecord {
  readonly state: string;
  readonly parent: number;
}

/** The process with this pid; `undefined` if there is none or it is only a zombie. */
export async function findProcess(
  pid: number,
): Promise<ProcessRecord | undefined> {
  const stat = await readStat(pid);
  if (stat === undefined || stat.state === "Z") return undefined;
  return { pid: stat.pid, startTime: stat.startTime };
}

/** True while exactly this process lives; zombies count as gone. */
export async function isAlive(process: ProcessRecord): Promise<boolean> {
  return (await findProcess(process.pid))?.startTime === process.startTime;
}

/** Sends a signal to exactly this process; one that is gone is left in peace. */
export async function signalProcess(
  process: ProcessRecord,
  signal: Deno.Signal,
): Promise<void> {
  if (!await isAlive(process)) return;
  try {
    Deno.kill(process.pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Kills a child, and waits until it has ended; there may be none. */
export async function killChild(
  child: Deno.ChildProcess | undefined,
): Promise<void> {
  try {
    child?.kill("SIGKILL");
  } catch {
    // It ended by itself.
  }
  await child?.status;
}

/** Waits until none of the processes lives; false if some still do after `timeoutMs`. */
export async function waitForExit(
  processes: readonly ProcessRecord[],
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (const process of processes) {
    while (await isAlive(process)) {
      if (Date.now() > deadline) return false;
      await delay(20);
    }
  }
  return true;
}

/** Arguments of a process, none if it is gone. */
export async function commandLine(pid: number): Promise<string[]> {
  const text = await readTextIfThere(`/proc/${pid}/cmdline`) ?? "";
  return text.split("\0").slice(0, -1);
}

/** All living processes whose command line satisfies `matches`. */
export async function findProcesses(
  matches: (args: string[]) => boolean,
): Promise<ProcessRecord[]> {
  const found: ProcessRecord[] = [];
  for (const name of await listFolder("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // The record first: if the pid changes hands in between, its start time no longer fits.
    const process = await findProcess(Number(name));
    if (process !== undefined && matches(await commandLine(process.pid))) {
      found.push(process);
    }
  }
  return found;
}

/** The process and all that descend from it, itself first; none if it is gone. */
export async function findDescendants(
  root: ProcessRecord,
): Promise<ProcessRecord[]> {
  const stats: Stat[] = [];
  for (const name of await listFolder("/proc")) {
    const stat = /^\d+$/.test(name) ? await readStat(Number(name)) : undefined;
    if (stat !== undefined) stats.push(stat);
  }
  // Without this, a later process with the root's pid would lend it its children.
  const present = stats.some(({ pid, startTime }) =>
    pid === root.pid && startTime === root.startTime
  );
  const family: ProcessRecord[] = present ? [root] : [];
  for (const { pid } of family) {
    family.push(...stats.filter((stat) => stat.parent === pid));
  }
  return family;
}

/** Resolves after `ms` milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function readStat(pid: number): Promise<Stat | undefined> {
  const text = await readTextIfThere(`/proc/${pid}/stat`);
  // The program's name stands in parentheses and may hold spaces and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields ?? [];
  const startTime = fields?.[19];
  if (state === undefined || parent === undefined || startTime === undefined) {
    return undefined;
  }
  return { pid, startTime, state, parent: Number(parent) };
}

import { readTextIfThere } from "../../engines/command.ts";
import { socketPathOf } from "../../engines/engine_api.ts";
import {
  delay,
  findDescendants,
  findProcess,
  type ProcessRecord,
} from "../../engines/process.ts";
import type { Client } from "./clients.ts";
import { ClientError } from "./measure.ts";

/** The parts of a cold build, and what is outside of them. */
export const PHASES = ["transfer", "COPY", "export", "rest"] as const;

/** One of {@link PHASES}. */
export type Phase = typeof PHASES[number];

/** What a part of a build cost. */
export interface PhaseCost {
  readonly milliseconds: number;
  /** Processor seconds, user and system, of dockerd and its containerd. */
  readonly engineSeconds: number;
  /** Processor seconds of the client and all processes that it started. */
  readonly clientSeconds: number;
}

/** The costs of one build. */
export type PhaseCosts = Readonly<Record<Phase, PhaseCost>>;

/** The steps of the engine's log by the parts that they are. */
const STEPS: readonly [Phase, RegExp][] = [
  ["transfer", /^\[internal\] load build context$/],
  ["COPY", /^\[\d+\/\d+\] COPY /],
  ["export", /^exporting to image$/],
];

/** Time between two looks at the processes, in milliseconds. */
const LOOK_MS = 10;

/** Every so many looks, processes are looked for that are new. */
const LOOKS_A_SEARCH = 5;

/** Ticks of the times in `/proc` in a second; the kernel has the same number on all machines. */
const TICKS_A_SECOND = 100;

/** What the processes had used at one time. */
interface Look {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly engineSeconds: number;
  readonly clientSeconds: number;
}

/**
 * Builds once, and tells what each part of it cost: the engine's log says when
 * its steps began and ended, and `/proc` says what the processes had used then,
 * to about 10 ms.
 *
 * @param host The engine's `unix://` address; its pid is beside the socket.
 * @param folder For the client's log; the caller removes it.
 * @throws {ClientError} If the client fails, or its log tells of no such steps.
 */
export async function measurePhases(
  { program, args, cwd, env: own }: Client,
  { path, tag, host, env, folder, signal }: {
    readonly path: string;
    readonly tag: string;
    readonly host: string;
    readonly env: Record<string, string>;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<PhaseCosts> {
  const log = `${folder}/rawjson`;
  const engine = await familyOf(
    Number(
      await Deno.readTextFile(socketPathOf(host).replace(/[^/]*$/, "pid")),
    ),
  );
  // The shell waits until it is told that it may end: until then, `/proc` has
  // what the client used, to its last moment.
  const script = '"$@" </dev/null >/dev/null 2>"$0"; echo $?; read -r';
  const began = now();
  const child = new Deno.Command("bash", {
    args: [
      ...["-c", script, log, program, ...args(path, tag)],
      "--progress=rawjson",
    ],
    cwd,
    env: { ...env, ...own },
    stdin: "piped",
    stdout: "piped",
    signal,
  }).spawn();
  const exit = child.stdout.getReader();
  let code: number | undefined;
  exit.read().then(({ value }) => {
    code = Number(new TextDecoder().decode(value));
  }, () => code = -1);
  const looks: Look[] = [];
  let clients: ProcessRecord[] = [];
  while (true) {
    const isOver = code !== undefined;
    if (isOver || looks.length % LOOKS_A_SEARCH === 0) {
      clients = await familyOf(child.pid);
    }
    looks.push(look(engine, clients, looks.at(-1)));
    if (isOver) break;
    await delay(LOOK_MS);
  }
  await child.stdin.close();
  await exit.cancel();
  await child.status;
  signal.throwIfAborted();
  const text = await readTextIfThere(log) ?? "";
  if (code !== 0) {
    throw new ClientError(`exit code ${code}: ${text.slice(-500)}`);
  }
  return costsOf(began, looks, stepTimes(text));
}

/** Milliseconds since 1970, with their fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function familyOf(pid: number): Promise<ProcessRecord[]> {
  const process = await findProcess(pid);
  return process === undefined ? [] : await findDescendants(process);
}

function look(
  engine: readonly ProcessRecord[],
  clients: readonly ProcessRecord[],
  before: Look | undefined,
): Look {
  // A process that ends between two looks is missed until its parent counts it.
  return {
    at: now(),
    engineSeconds: Math.max(before?.engineSeconds ?? 0, usedBy(engine)),
    clientSeconds: Math.max(before?.clientSeconds ?? 0, usedBy(clients)),
  };
}

/** Processor seconds of these processes, and of those that they waited for. */
function usedBy(processes: readonly ProcessRecord[]): number {
  let ticks = 0;
  for (const { pid } of processes) {
    try {
      const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
      // Behind the name, which may hold blanks: utime, stime, cutime, cstime.
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      for (const field of fields.slice(11, 15)) ticks += Number(field);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return ticks / TICKS_A_SECOND;
}

/** When the steps began and ended, from a log of `--progress=rawjson`. */
export function stepTimes(
  log: string,
): Map<Phase, readonly [begin: number, end: number]> {
  const times = new Map<Phase, readonly [number, number]>();
  for (const line of log.split("\n")) {
    if (!line.startsWith("{")) continue;
    for (
      const { name, started, completed } of JSON.parse(line).vertexes ?? []
    ) {
      const phase = STEPS.find(([, pattern]) => pattern.test(name))?.[0];
      if (phase === undefined || completed === undefined) continue;
      const [begin = Infinity, end = 0] = times.get(phase) ?? [];
      times.set(phase, [
        Math.min(begin, Date.parse(started)),
        Math.max(end, Date.parse(completed)),
      ]);
    }
  }
  return times;
}

/**
 * Divides what was used between two looks by the times of the steps.
 *
 * @throws {ClientError} If the time of a step is missing.
 */
export function costsOf(
  began: number,
  looks: readonly Look[],
  times: ReadonlyMap<Phase, readonly [begin: number, end: number]>,
): PhaseCosts {
  const last = looks.at(-1)!;
  const all = [{ ...looks[0]!, at: began }, ...looks];
  const between = (from: number, to: number): PhaseCost => {
    const [a, b] = [usedAt(all, from), usedAt(all, to)];
    return {
      milliseconds: to - from,
      engineSeconds: b.engineSeconds - a.engineSeconds,
      clientSeconds: b.clientSeconds - a.clientSeconds,
    };
  };
  const phase = (name: Phase) => {
    const time = times.get(name);
    if (time !== undefined) return between(...time);
    throw new ClientError(`the log tells no time of ${name}`);
  };
  const parts = {
    transfer: phase("transfer"),
    COPY: phase("COPY"),
    export: phase("export"),
  };
  const whole = between(began, last.at);
  const left = (figure: keyof PhaseCost) =>
    Object.values(parts).reduce(
      (rest, part) => rest - part[figure],
      whole[figure],
    );
  const rest = {
    milliseconds: left("milliseconds"),
    engineSeconds: left("engineSeconds"),
    clientSeconds: left("clientSeconds"),
  };
  return { ...parts, rest };
}

/** What had been used at a time: in equal parts between two looks. */
function usedAt(looks: readonly Look[], at: number): Look {
  const next = looks.findIndex((look) => look.at >= at);
  if (next === 0) return looks[0]!;
  if (next === -1) return looks.at(-1)!;
  const [a, b] = [looks[next - 1]!, looks[next]!];
  const share = (at - a.at) / (b.at - a.at);
  return {
    at,
    engineSeconds: a.engineSeconds +
      share * (b.engineSeconds - a.engineSeconds),
    clientSeconds: a.clientSeconds +
      share * (b.clientSeconds - a.clientSeconds),
  };
}

import { readTextIfThere, runCommand } from "../../engines/command.ts";
import { busyboxProgram } from "../../engines/packages.ts";
import type { Supervisor } from "../../engines/supervise.ts";

/** No build takes longer, in seconds. */
const TIMEOUT_SECONDS = 900;

/** What a program cost from its start to its end. */
export interface Cost {
  /** Milliseconds of the whole process, about 3 of them the measuring's own. */
  readonly milliseconds: number;
  /** Milliseconds that the program itself counted, if it prints such a line. */
  readonly inside?: number;
  /** Processor seconds, user and system, of the process and all that it waited for. */
  readonly cpuSeconds: number;
  /** Bytes that the largest process of them held at its peak. */
  readonly peakBytes: number;
}

/** Runs programs and reads the kernel's account of them. */
export interface Meter {
  /** @throws {ClientError} If the program fails. */
  measure(
    program: string,
    args: readonly string[],
    cwd: string,
    env: Record<string, string>,
  ): Promise<Cost>;
}

/** A client that could not build, with the end of what it printed. */
export class ClientError extends Error {
  override name = "ClientError";
}

/**
 * A meter on busybox's `time`, which the engines' cache has anyway: it reads
 * `getrusage` of its child, so nothing is lost between two looks.
 *
 * @param folder Where the programs' output goes; the caller removes it.
 */
export async function createMeter(
  folder: string,
  supervisor: Supervisor,
): Promise<Meter> {
  const busybox = await busyboxProgram();
  const [account, stdout, stderr] = ["account", "stdout", "stderr"].map((
    name,
  ) => `${folder}/${name}`) as [string, string, string];
  // Files and no pipes: reading them is not to cost while the clock runs.
  const script = 'cd "$2" && exec "$0" time -v -o "$1/account" "$0" timeout ' +
    `${TIMEOUT_SECONDS} "\${@:3}" </dev/null >"$1/stdout" 2>"$1/stderr"`;
  const unit = await memoryUnit(busybox, account);
  return {
    measure: async (program, args, cwd, env) => {
      const began = performance.now();
      const code = await supervisor.run(
        "bash",
        ["-c", script, busybox, folder, cwd, program, ...args],
        env,
      );
      const milliseconds = performance.now() - began;
      supervisor.signal.throwIfAborted();
      const output = await readTextIfThere(stdout) ?? "";
      if (code !== 0) {
        const errors = await readTextIfThere(stderr) ?? "";
        throw new ClientError(describeFailure(code, errors || output));
      }
      const inside = insideTime(output);
      return {
        milliseconds,
        ...(inside === undefined ? {} : { inside }),
        ...readAccount(await Deno.readTextFile(account), unit),
      };
    },
  };
}

function readAccount(
  text: string,
  unit: number,
): { cpuSeconds: number; peakBytes: number } {
  const [user, system, peak] = [
    /User time \(seconds\): ([\d.]+)/,
    /System time \(seconds\): ([\d.]+)/,
    /Maximum resident set size \(kbytes\): (\d+)/,
  ].map((pattern) => Number(pattern.exec(text)?.[1])) as [
    number,
    number,
    number,
  ];
  return { cpuSeconds: user + system, peakBytes: peak * unit };
}

/**
 * Bytes in one of its "kbytes": busybox multiplies the kernel's kilobytes by
 * four, as if they were pages. A program of a known size tells.
 */
async function memoryUnit(busybox: string, account: string): Promise<number> {
  const megabytes = 64;
  await runCommand(busybox, [
    ...["time", "-v", "-o", account, busybox],
    ...["dd", "if=/dev/zero", "of=/dev/null", `bs=${megabytes}M`, "count=1"],
  ]);
  const { peakBytes } = readAccount(await Deno.readTextFile(account), 1024);
  const factor = Math.round(peakBytes / 2 ** 20 / megabytes);
  if (factor !== 1 && factor !== 4) {
    throw new Error(
      `Cannot measure memory: a program of ${megabytes} MiB is said to have ${peakBytes} bytes`,
    );
  }
  return 1024 / factor;
}

function insideTime(output: string): number | undefined {
  const line = output.split("\n").find((line) =>
    line.startsWith('{"milliseconds":')
  );
  return line === undefined ? undefined : Number(JSON.parse(line).milliseconds);
}

function describeFailure(code: number, output: string): string {
  const reason = code === 143
    ? `no end after ${TIMEOUT_SECONDS} s`
    : `exit code ${code}`;
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  const line = plain.split("\n").map((line) => line.trim())
    .find((line) => /error/i.test(line));
  return line === undefined ? reason : `${reason}: ${line.slice(0, 300)}`;
}

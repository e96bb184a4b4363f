/** How a program was run, for {@link runCommand}. */
export interface CommandOptions {
  /** Folder to run in. */
  readonly cwd?: string;
  /** Variables added to the environment. */
  readonly env?: Record<string, string>;
  /** Kills the program when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What a program left behind: its exit code and its output as text. */
export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `program` to its end with nothing on stdin and its words in English.
 *
 * @throws {Error} If there is no such program; its exit code is the caller's to judge.
 */
export async function tryCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const { cwd, env = {}, signal } = options;
  signal?.throwIfAborted();
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      env: { LC_ALL: "C", ...env },
      stdin: "null",
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    }).output();
    signal?.throwIfAborted();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      `Cannot run "${program}": there is no such program or folder`,
      { cause },
    );
  }
}

/**
 * Runs `program` like {@link tryCommand} and returns its stdout.
 *
 * @throws {Error} With the last lines of its output if the exit code is not 0.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(program, args, options);
  if (code === 0) return stdout;
  const tail = (stderr || stdout).trim().split("\n").slice(-6).join("\n");
  throw new Error(
    `Cannot run "${
      [program, ...args].join(" ")
    }": exit code ${code}, expected 0\n${tail}`,
  );
}

/** The file's text, or `undefined` if there is no such file (any more). */
export async function readTextIfThere(
  path: string,
): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    // Files of /proc, /sys and of a dying engine vanish while we look: gone is an answer.
    return undefined;
  }
}

/** Names in a folder; none if there is no such folder (any more). */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map((entry) =>
      entry.name
    );
  } catch {
    // As above: a folder that vanished has no names.
    return [];
  }
}

const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** The words that run the command, as a user would from a checkout. */
export const DAVIT: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  `--config=${CONFIG}`,
  MAIN,
];

/** Deno's flags with which the README installs the command. */
export const INSTALL_FLAGS: readonly string[] = [
  "--v8-flags=--no-lazy",
  "--unstable-lazy-dynamic-imports",
];

/** The words that run the command as it is installed, from a checkout. */
export const INSTALLED: readonly string[] = DAVIT.flatMap((word) =>
  word === "-A" ? [word, ...INSTALL_FLAGS] : word
);

const LIB = new URL("../../lib/", import.meta.url).pathname;

/**
 * The words that run the command with these permissions of Deno's, and with the
 * one to read davit's own files: those of a checkout need it, those of JSR do
 * not.
 */
export function davitAllowed(permissions: readonly string[]): string[] {
  const isRead = (word: string) => word.startsWith("--allow-read=");
  const flags = permissions.some(isRead)
    ? permissions.map((word) => isRead(word) ? `${word},${LIB}` : word)
    : [...permissions, `--allow-read=${LIB}`];
  return DAVIT.flatMap((word) =>
    word === "-A" ? ["--no-prompt", ...flags] : [word]
  );
}

/** What a run of a command came to. */
export interface CommandRun {
  readonly code: number;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
}

/** Where and how a command runs. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: Uint8Array;
}

/** Runs a program to its end. */
export async function runProgram(
  [program, ...args]: readonly string[],
  { cwd, env = {}, stdin }: CommandOptions = {},
): Promise<CommandRun> {
  const child = new Deno.Command(program!, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    env: { NO_COLOR: "1", ...env },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = stdin === undefined ? undefined : (async () => {
    const writer = child.stdin.getWriter();
    // A program that reads nothing is no fault of the test's.
    await writer.write(stdin).catch(() => {});
    await writer.close().catch(() => {});
  })();
  const { code, stdout, stderr } = await child.output();
  await feeding;
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** Runs `davit` to its end. */
export function runDavit(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandRun> {
  return runProgram([...DAVIT, ...args], options);
}

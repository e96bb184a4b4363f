const PROGRAM = new URL("unheard_program.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How a program ended, and what it wrote. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** Runs a case of `unheard_program.ts` to its end, or another command of Deno. */
export async function ended(
  name: string,
  { host, command: [verb = "", ...rest] = ["run", PROGRAM] }: {
    readonly host?: string;
    readonly command?: readonly string[];
  } = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [verb, "-A", "--no-check", "-c", CONFIG, ...rest],
    env: {
      DAVIT_UNHEARD: name,
      NO_COLOR: "1",
      ...(host === undefined ? {} : { DAVIT_HOST: host }),
    },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

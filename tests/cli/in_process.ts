import { main } from "../../lib/cli/main.ts";
import type { CommandOptions, CommandRun } from "./command.ts";
import { concat } from "../support/concat.ts";
import { changedEnvironment } from "../support/environment.ts";

/** Where and how a command runs, and what its outputs are. */
export interface HereOptions extends CommandOptions {
  /** Which of its outputs are a terminal. */
  readonly terminals?: readonly ("stdout" | "stderr")[];
  /** Told of what it writes on either, as it does. */
  readonly wrote?: (text: string) => void;
}

/** An output that keeps what is written. */
class Kept {
  readonly chunks: Uint8Array[] = [];
  readonly writable: WritableStream<Uint8Array>;
  readonly #isTerminal: boolean;
  readonly #wrote: (text: string) => void;

  constructor(isTerminal: boolean, wrote: (text: string) => void) {
    this.#isTerminal = isTerminal;
    this.#wrote = wrote;
    this.writable = new WritableStream({
      write: (chunk) => void this.writeSync(chunk),
    });
  }

  writeSync(bytes: Uint8Array): number {
    this.chunks.push(bytes.slice());
    this.#wrote(new TextDecoder().decode(bytes));
    return bytes.length;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return concat(this.chunks) as Uint8Array<ArrayBuffer>;
  }
}

/** Puts something else in the place of a property of `Deno`. */
function replaced(name: "stdin" | "stdout" | "stderr", value: unknown) {
  const before = Object.getOwnPropertyDescriptor(Deno, name)!;
  Object.defineProperty(Deno, name, { value, configurable: true });
  return {
    [Symbol.dispose]: () => Object.defineProperty(Deno, name, before),
  };
}

/** Puts these bytes on standard input, and then nothing. */
export async function withStdin<T>(
  bytes: Uint8Array | undefined,
  use: () => Promise<T>,
): Promise<T> {
  using _in = replaced("stdin", {
    readable: ReadableStream.from(bytes === undefined ? [] : [bytes]),
  });
  return await use();
}

/**
 * Runs `davit` to its end in this process, which takes milliseconds; one at a
 * time, for it has the process's folder, environment and outputs meanwhile.
 */
export async function davitHere(
  args: readonly string[],
  { cwd, env = {}, stdin, terminals = [], wrote = () => {} }: HereOptions = {},
): Promise<CommandRun> {
  const stdout = new Kept(terminals.includes("stdout"), wrote);
  const stderr = new Kept(terminals.includes("stderr"), wrote);
  using _out = replaced("stdout", stdout);
  using _err = replaced("stderr", stderr);
  using _env = changedEnvironment({ TERM: "xterm", ...env });
  const folder = Deno.cwd();
  if (cwd !== undefined) Deno.chdir(cwd);
  try {
    const code = await withStdin(stdin, () => main(args));
    return {
      code,
      stdout: stdout.bytes,
      stderr: new TextDecoder().decode(stderr.bytes),
    };
  } finally {
    Deno.chdir(folder);
  }
}

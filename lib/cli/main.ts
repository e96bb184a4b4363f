/**
 * The command `davit`, which builds images with the flags of
 * `docker buildx build`, for those who have Deno.
 *
 * ```sh
 * deno run -A jsr:@davit/build/cli build -t myapp .
 * deno install -g -A -n davit jsr:@davit/build/cli
 * ```
 *
 * @module
 */
import type { Command } from "./command.ts";
import { COMMANDS, findByName } from "./commands.ts";
import { EXIT_FAILED, EXIT_OK, FlagError, UsageError } from "./exit.ts";
import { ENGINE_FLAGS } from "./engine_flags.ts";
import {
  findCommand,
  type Flag,
  type ParsedWords,
  parseWords,
  UnknownFlagError,
} from "./flag.ts";
import { Interrupt } from "./interrupt.ts";
import { print } from "./print.ts";

/**
 * Runs the command.
 *
 * @param words The arguments, as in `Deno.args`.
 * @returns The exit code: 0, 125 for a flag that can't be read, 1 for any other
 * error, 130 after Ctrl-C, 143 after SIGTERM.
 */
export async function main(words: readonly string[]): Promise<number> {
  using interrupt = new Interrupt();
  const run = new Run(interrupt);
  try {
    const code = await run.run(words);
    return interrupt.signal.aborted ? interrupt.exitCode : code;
  } catch (error) {
    if (interrupt.signal.aborted) {
      print("ERROR: canceled", Deno.stderr);
      return interrupt.exitCode;
    }
    const { describeError } = await import("./describe_error.ts");
    print(describeError(error, run.debug), Deno.stderr);
    return error instanceof UsageError ? error.exitCode : EXIT_FAILED;
  }
}

const HELP_FLAG: Flag = { name: "help", short: "h" };
/**
 * The flags that davit takes before the command's name, too, as docker's
 * command does.
 */
const GLOBAL_FLAGS: readonly Flag[] = [
  ...ENGINE_FLAGS,
  HELP_FLAG,
  { name: "version", short: "v" },
];

/** One run of the command. */
class Run {
  readonly #interrupt: Interrupt;
  /**
   * Whether the causes of an error are shown; false until the flags were read.
   */
  debug = false;

  constructor(interrupt: Interrupt) {
    this.#interrupt = interrupt;
  }

  async run(words: readonly string[]): Promise<number> {
    const { before, command: name, behind } = findCommand(words, GLOBAL_FLAGS);
    const global = parseWords(before, GLOBAL_FLAGS);
    if (global.switched("version") || name === "version") {
      return await printVersion();
    }
    if (name === undefined) return await printHelp();
    if (name === "help") return await printHelp(behind[0]);
    const command = await findCommandByName(name);
    if (global.switched("help")) return await printHelp(name);
    const parsed = await parseFor(command, [...before, ...behind]);
    this.debug = parsed.switched("debug");
    if (parsed.switched("help")) return await printHelp(name);
    checkCount(command, parsed.words.length);
    const work = await command.load();
    const interrupt = this.#interrupt;
    return await work({ parsed, signal: interrupt.signal, interrupt });
  }
}

/**
 * Reads the words for a command; the error for an unknown flag names the flag
 * that is probably meant.
 */
async function parseFor(
  { name, flags }: Command,
  words: readonly string[],
): Promise<ParsedWords> {
  const known = [...flags, HELP_FLAG];
  try {
    return parseWords(words, known);
  } catch (error) {
    if (!(error instanceof UnknownFlagError)) throw error;
    const { didYouMean } = await import("./did_you_mean.ts");
    const meant = didYouMean(
      error.flag,
      known.map(({ name }) => `--${name}`),
    );
    throw new FlagError(
      `unknown flag: ${error.flag}${meant}; see davit ${name} --help`,
    );
  }
}

async function findCommandByName(name: string): Promise<Command> {
  const command = findByName(name);
  if (command !== undefined) return command;
  const { didYouMean } = await import("./did_you_mean.ts");
  throw new UsageError(
    `unknown command: ${JSON.stringify(name)}${
      didYouMean(name, COMMANDS.map(({ name }) => name))
    }; davit --help lists all`,
  );
}

function checkCount({ name, usage, words }: Command, count: number): void {
  const [min, max] = words;
  if (count >= min && count <= max) return;
  throw new UsageError(
    `davit ${name} takes ${
      min === 0 ? "no argument" : "exactly 1 argument"
    }, not ${count}; usage: davit ${name} ${usage}`,
  );
}

async function printHelp(name?: string): Promise<number> {
  const command = name === undefined
    ? undefined
    : await findCommandByName(name);
  const { helpOf, overview } = await import("./help.ts");
  print(command === undefined ? overview() : helpOf(command));
  return EXIT_OK;
}

async function printVersion(): Promise<number> {
  const { default: { version } } = await import("../../deno.json", {
    with: { type: "json" },
  });
  print(`davit ${version}, Deno ${Deno.version.deno}`);
  return EXIT_OK;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

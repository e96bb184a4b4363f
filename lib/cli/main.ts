/**
 * The command `davit`, which builds images with the flags of
 * `docker buildx build`.
 *
 * ```sh
 * deno install -g -A -n davit --v8-flags=--no-lazy --unstable-lazy-dynamic-imports jsr:@davit/build/cli
 * davit build -t app:1 --secret id=npm_token,env=NPM_TOKEN .
 * davit build --watch -t app:1 . # again at each change
 * davit doctor                   # which engine is used, and what is missing
 * davit --help
 * ```
 *
 * Without an installation: `deno run -A jsr:@davit/build/cli build -t app:1 .`
 *
 * Besides `build` there are `pull`, `push`, `history`, `imagetools`, `builder`,
 * `du`, `prune`, `gateway` and `completions`; `davit COMMAND --help` describes
 * each. A program that runs the command by itself calls {@linkcode main}.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { findByName, type NamedCommand } from "./nested_commands.ts";
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
import { loadModule } from "./load_module.ts";

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
    if (name === undefined) return await printHelp([]);
    if (name === "help") return await printHelp(behind);
    const found = await findNamed(
      await findCommandByName(name),
      [...before, ...behind],
    );
    const { command, path } = found;
    if (global.switched("help")) return await printHelp(path.split(" "));
    const parsed = await parseFor(found);
    this.debug = parsed.switched("debug");
    if (parsed.switched("help") || command.load === undefined) {
      return await printHelp(path.split(" "));
    }
    checkCount(found, parsed);
    const work = await command.load();
    const interrupt = this.#interrupt;
    return await work({ parsed, signal: interrupt.signal, interrupt });
  }
}

/** A command of the command line, and the words that are left for it. */
interface FoundCommand extends NamedCommand {
  readonly words: readonly string[];
}

/**
 * Follows the names of commands below a command, as in `davit history ls`; flags
 * may stand between them.
 *
 * @throws {UsageError} If there is no such command, and the one above it does
 * nothing itself.
 */
async function findNamed(
  command: Command,
  words: readonly string[],
  path: string = command.name,
): Promise<FoundCommand> {
  const { commands, flags, load } = command;
  if (commands === undefined) return { command, path, words };
  const { before, command: name, behind } = findCommand(words, [
    ...flags,
    HELP_FLAG,
  ]);
  const next = name === undefined ? undefined : findByName(name, commands);
  if (next !== undefined) {
    return await findNamed(
      next,
      [...before, ...behind],
      `${path} ${next.name}`,
    );
  }
  if (name === undefined || load !== undefined) return { command, path, words };
  throw await unknownCommand(name, commands, path);
}

/**
 * Reads the words for a command; the error for an unknown flag names the flag
 * that is probably meant.
 */
async function parseFor(
  { command: { flags }, path, words }: FoundCommand,
): Promise<ParsedWords> {
  const known = [...flags, HELP_FLAG];
  try {
    return parseWords(words, known);
  } catch (error) {
    if (!(error instanceof UnknownFlagError)) throw error;
    const { didYouMean } = await loadModule<typeof import("./did_you_mean.ts")>(
      "./did_you_mean.ts",
    );
    const meant = didYouMean(
      error.flag,
      known.map(({ name }) => `--${name}`),
    );
    throw new FlagError(
      `unknown flag: ${error.flag}${meant}; see davit ${path} --help`,
    );
  }
}

async function findCommandByName(name: string): Promise<Command> {
  const command = findByName(name, COMMANDS);
  if (command !== undefined) return command;
  throw await unknownCommand(name, COMMANDS);
}

/** @param path The names of the command above it; none for one of davit's own. */
async function unknownCommand(
  name: string,
  commands: readonly Command[],
  path?: string,
): Promise<UsageError> {
  const { didYouMean } = await loadModule<typeof import("./did_you_mean.ts")>(
    "./did_you_mean.ts",
  );
  const above = path === undefined ? "davit" : `davit ${path}`;
  return new UsageError(
    `unknown command: ${JSON.stringify(name)}${
      didYouMean(name, commands.map(({ name }) => name))
    }; ${above} --help lists all`,
  );
}

function checkCount(
  { command: { usage, words: [min, max], flags }, path }: FoundCommand,
  { words: { length: count }, switched }: ParsedWords,
): void {
  if (count >= min && count <= max) return;
  // A word too many may be meant as the value of a flag that stands alone.
  const alone = flags.find(({ name, alone }) => alone && switched(name));
  throw new UsageError(
    `davit ${path} takes ${countWords(min, max)}, not ${count}; ${
      alone !== undefined && count > max
        ? `a value of --${alone.name} stands behind "=": --${alone.name}=${alone.value}`
        : `usage: davit ${path} ${usage}`
    }`,
  );
}

function countWords(min: number, max: number): string {
  if (max === 0) return "no argument";
  if (max === Infinity) {
    return `at least ${min} argument${min === 1 ? "" : "s"}`;
  }
  const most = `${max} argument${max === 1 ? "" : "s"}`;
  return min === max ? `exactly ${most}` : `at most ${most}`;
}

/** @param names The names of a command and of those above it, these first. */
async function printHelp([name, ...rest]: readonly string[]): Promise<number> {
  const { helpOf, overview } = await loadModule<typeof import("./help.ts")>(
    "./help.ts",
  );
  if (name === undefined) {
    print(overview());
    return EXIT_OK;
  }
  const { command, path } = await findNamed(
    await findCommandByName(name),
    rest,
  );
  print(helpOf(command, path));
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

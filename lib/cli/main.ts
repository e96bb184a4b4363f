/**
 * The command `davit`: `docker buildx build` where a Deno user is.
 *
 * ```sh
 * deno run -A jsr:@davit/build/cli build -t myapp .
 * deno install -g -A -n davit jsr:@davit/build/cli
 * ```
 *
 * @module
 */
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_FAILED, EXIT_OK, UsageError } from "./exit.ts";
import { type Flag, parseWords } from "./flag.ts";
import { Interrupt } from "./interrupt.ts";
import { print } from "./print.ts";

/**
 * Runs the command.
 *
 * @param words The words behind its name, as in `Deno.args`.
 * @returns The exit code: 0, 1 for any error, 130 after Ctrl-C, 143 after SIGTERM.
 */
export async function main(words: readonly string[]): Promise<number> {
  const debug = words.includes("-D") || words.includes("--debug");
  using interrupt = new Interrupt();
  try {
    const code = await run(words, interrupt.signal);
    return interrupt.signal.aborted ? interrupt.exitCode : code;
  } catch (error) {
    if (interrupt.signal.aborted) {
      print("ERROR: canceled", Deno.stderr);
      return interrupt.exitCode;
    }
    const { describeError } = await import("./describe_error.ts");
    print(describeError(error, debug), Deno.stderr);
    return EXIT_FAILED;
  }
}

async function run(
  words: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || ["--help", "-h", "help"].includes(name)) {
    const { overview } = await import("./help.ts");
    print(overview());
    return EXIT_OK;
  }
  if (name === "--version" || name === "-v" || name === "version") {
    const { default: { version } } = await import("../../deno.json", {
      with: { type: "json" },
    });
    print(`davit ${version}, Deno ${Deno.version.deno}`);
    return EXIT_OK;
  }
  const command = COMMANDS.find((command) => command.name === name);
  if (command === undefined) {
    throw new UsageError(
      `unknown command: ${JSON.stringify(name)}; davit --help lists all`,
    );
  }
  return await runCommand(command, rest, signal);
}

const HELP_FLAG: Flag = { name: "help", short: "h" };

async function runCommand(
  command: Command,
  words: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const parsed = parseWords(words, [...command.flags, HELP_FLAG]);
  if (parsed.switched("help")) {
    const { helpOf } = await import("./help.ts");
    print(helpOf(command));
    return EXIT_OK;
  }
  const [min, max] = command.words;
  if (parsed.words.length < min || parsed.words.length > max) {
    throw new UsageError(
      `davit ${command.name} takes ${
        min === 0 ? "no argument" : "exactly 1 argument"
      }, not ${parsed.words.length}: ${command.usage}`,
    );
  }
  const work = await command.load();
  return await work({ parsed, signal });
}

if (import.meta.main) Deno.exit(await main(Deno.args));

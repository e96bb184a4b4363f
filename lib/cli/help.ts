import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Flag } from "./flag.ts";

/** Width of a terminal, and gap between two columns, in characters. */
const COLUMNS = 80;
const GAP = 2;

/** The help text of `davit` without a command. */
export function overview(): string {
  return [
    "Usage: davit COMMAND",
    "",
    "Image builds over a docker engine's socket, with secrets that arrive.",
    "",
    "Commands:",
    ...listOf(COMMANDS),
    "",
    "davit COMMAND --help tells more; davit --version tells the version.",
  ].join("\n");
}

/**
 * The help text of one command; it fits a terminal 80 characters wide.
 *
 * @param path The names that lead to the command, its own at their end.
 */
export function helpOf(command: Command, path: string = command.name): string {
  const cells = command.flags.filter(({ help }) => help !== undefined)
    .map(cellOf);
  const half = Math.ceil(cells.length / 2);
  const columns = [cells.slice(0, half), cells.slice(half)].map(columnOf);
  const twoFit = columns.reduce(
    (sum, [line = ""]) => sum + line.length,
    GAP,
  ) <= COLUMNS;
  const lines = twoFit
    ? columns[0]!.map((line, row) =>
      `${line}${" ".repeat(GAP)}${columns[1]![row] ?? ""}`
    )
    : columnOf(cells);
  return [
    `Usage: davit ${path} ${command.usage}`,
    "",
    command.aliases === undefined
      ? command.summary
      : `${command.summary}; also: davit ${command.aliases.join(", ")}`,
    ...(command.commands === undefined
      ? []
      : ["", "Commands:", ...listOf(command.commands)]),
    ...(lines.length === 0 ? [] : ["", ...lines.map((line) => line.trimEnd())]),
  ].join("\n");
}

/** A line for each command. */
function listOf(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return commands.map(({ name, summary }) =>
    `  ${name.padEnd(width)}${summary}`
  );
}

/** A flag with its value, and what it is for. */
type Cell = readonly [words: string, help: string];

function cellOf({ name, short, value, alone, help = "" }: Flag): Cell {
  const words = short === undefined ? `--${name}` : `-${short}, --${name}`;
  if (value === undefined) return [words, help];
  return [alone === true ? `${words}[=${value}]` : `${words} ${value}`, help];
}

/** Pads the cells, so that all lines have the same width. */
function columnOf(cells: readonly Cell[]): string[] {
  const width = (at: 0 | 1) =>
    Math.max(...cells.map((cell) => cell[at].length));
  return cells.map(([words, help]) =>
    `${words.padEnd(width(0))} ${help.padEnd(width(1))}`
  );
}

import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Flag } from "./flag.ts";

/** Width of a flag with its value, of its help, and of a terminal in all. */
const FLAG_COLUMNS = 21;
const HELP_COLUMNS = 18;

/** The help of the whole command. */
export function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 2;
  return [
    "Usage: davit COMMAND",
    "",
    "Image builds over a docker engine's socket, with secrets that arrive.",
    "",
    "Commands:",
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    "",
    "davit COMMAND --help tells more; davit --version tells the version.",
  ].join("\n");
}

/** The help of one command; it fits a terminal of 80 by 24 characters. */
export function helpOf(command: Command): string {
  const flags = command.flags.filter(({ help }) => help !== undefined);
  const rows = Math.ceil(flags.length / 2);
  const lines = Array.from(
    { length: rows },
    (_, row) => `${cell(flags[row])}${cell(flags[row + rows])}`.trimEnd(),
  );
  return [
    `Usage: davit ${command.name} ${command.usage}`,
    "",
    command.summary,
    ...(flags.length === 0 ? [] : ["", ...lines]),
  ].join("\n");
}

function cell(flag: Flag | undefined): string {
  if (flag === undefined) return "";
  const { name, short, value, help = "" } = flag;
  const words = [
    short === undefined ? `--${name}` : `-${short}, --${name}`,
    ...(value === undefined ? [] : [value]),
  ].join(" ");
  return `${words.padEnd(FLAG_COLUMNS)} ${help.padEnd(HELP_COLUMNS)}`;
}

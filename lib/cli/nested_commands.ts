import type { Command } from "./command.ts";

/** Finds a command among others by its name or one of its aliases. */
export function findByName(
  word: string,
  commands: readonly Command[],
): Command | undefined {
  return commands.find(({ name, aliases = [] }) =>
    name === word || aliases.includes(word)
  );
}

/** A command, and the names that lead to it. */
export interface NamedCommand {
  /** The names, such as `history ls`. */
  readonly path: string;
  /** The command. */
  readonly command: Command;
}

/** All of these commands and those below them, each before those below it. */
export function withNested(
  commands: readonly Command[],
  above = "",
): NamedCommand[] {
  return commands.flatMap((command) => {
    const path = `${above}${command.name}`;
    return [
      { path, command },
      ...withNested(command.commands ?? [], `${path} `),
    ];
  });
}

import type { Flag, ParsedWords } from "./flag.ts";
import type { Interrupt } from "./interrupt.ts";

/** What a command gets when it runs. */
export interface CommandContext {
  /** The command's words and flags. */
  readonly parsed: ParsedWords;
  /** Aborts with the first Ctrl-C. */
  readonly signal: AbortSignal;
  /**
   * Prints a notice when the user interrupts the command; a command may replace
   * how it is printed.
   */
  readonly interrupt: Pick<Interrupt, "tell">;
}

/**
 * A command: its name, help and flags as data, and its code, which is loaded
 * only when the command runs.
 */
export interface Command {
  /** The name of the command. */
  readonly name: string;
  /** Other names of the command. */
  readonly aliases?: readonly string[];
  /** What it is for, in one line. */
  readonly summary: string;
  /** The arguments in the usage line of the help, after the name. */
  readonly usage: string;
  /** Its flags, in the order of the help. */
  readonly flags: readonly Flag[];
  /** How many words that are not flags the command takes. */
  readonly words: readonly [min: number, max: number];
  /** Commands whose names follow this one's: `ls` in `davit history ls`. */
  readonly commands?: readonly Command[];
  /**
   * Loads the command's code: a function that resolves to the exit code. A
   * command without code only has others below it, and prints its help.
   */
  load?(): Promise<(context: CommandContext) => Promise<number>>;
}

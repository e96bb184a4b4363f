import type { Flag, ParsedWords } from "./flag.ts";
import type { Interrupt } from "./interrupt.ts";

/** What every command has at hand. */
export interface CommandContext {
  /** Its own words and flags. */
  readonly parsed: ParsedWords;
  /** Aborts with the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** What aborts it, and says so. */
  readonly interrupt: Pick<Interrupt, "tell">;
}

/** A command: its words as data, its work loaded when it is run. */
export interface Command {
  /** The word that calls it. */
  readonly name: string;
  /** Other words that call it. */
  readonly aliases?: readonly string[];
  /** What it is for, in one line. */
  readonly summary: string;
  /** What stands behind its name. */
  readonly usage: string;
  /** Its flags, in the order of the help. */
  readonly flags: readonly Flag[];
  /** How many words that are no flags it takes. */
  readonly words: readonly [min: number, max: number];
  /** Loads its work, which gives the exit code. */
  load(): Promise<(context: CommandContext) => Promise<number>>;
}

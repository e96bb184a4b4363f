import { FlagError, UsageError } from "./exit.ts";
import { tokensOf } from "./flag_tokens.ts";

/** A flag of a command. */
export interface Flag {
  /** Long name, without dashes. */
  readonly name: string;
  /** Short name, one letter. */
  readonly short?: string;
  /** The name of its value in the help; a flag without one is on or off. */
  readonly value?: string;
  /**
   * Whether it may stand without its value, which then only `--name=value`
   * gives: `--name value` is the flag alone, and a word.
   */
  readonly alone?: boolean;
  /**
   * Whether an empty value is refused; if not, an empty value counts as no
   * flag, which is how docker's command reads most flags.
   */
  readonly notEmpty?: boolean;
  /**
   * Whether docker's command checks the value while it reads the command line,
   * and exits with 125 if it can't be used.
   */
  readonly typed?: boolean;
  /**
   * The flag and the value for which this one, without a value, is another word:
   * of both, the last one counts.
   */
  readonly means?: readonly [name: string, value: string];
  /** Whether it may be given several times; if not, the last one counts. */
  readonly many?: boolean;
  /**
   * What it is for, in a few words; a flag without this text is not in the
   * help.
   */
  readonly help?: string;
  /** What a shell may complete as its value. */
  readonly complete?: "file" | "folder" | "context" | readonly string[];
}

/** A command line, split into flags and other words. */
export interface ParsedWords {
  /** The words that are not flags. */
  readonly words: readonly string[];
  /** The last value of a flag; undefined if it was not given, or is empty. */
  text(name: string): string | undefined;
  /** All values of a flag that are not empty. */
  list(name: string): readonly string[];
  /** Whether a flag is on, or stands without its value where it may. */
  switched(name: string): boolean;
  /** Whether a flag was turned off, as by `--name=false`. */
  switchedOff(name: string): boolean;
}

/** The words that docker's command reads as yes or no. */
export const SWITCHES: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(
    ["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true]),
  ),
  ...Object.fromEntries(
    ["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false]),
  ),
};

/** A flag that does not exist. */
export class UnknownFlagError extends FlagError {
  /** The flag with its dashes, as it was written. */
  readonly flag: string;

  /** The message points to `--help`. */
  constructor(flag: string) {
    super(`unknown flag: ${flag}; see --help`);
    this.flag = flag;
  }
}

/**
 * Reads a command line as docker's command does: `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-qn value`; `--` ends the flags.
 *
 * @std/cli is not used because it follows minimist's rules: there `-tNAME` is
 * five flags, and `--tag 12` is a number.
 *
 * @throws {FlagError} If a flag is unknown, lacks its value, or is neither on
 * nor off.
 * @throws {UsageError} If a value is empty that must not be.
 */
export function parseWords(
  words: readonly string[],
  flags: readonly Flag[],
): ParsedWords {
  const lists = new Map<string, string[]>();
  const switches = new Map<string, boolean>();
  const positionals: string[] = [];
  for (const token of tokensOf(words, flags)) {
    if (token.kind === "word") {
      positionals.push(token.value);
      continue;
    }
    const { name, rawName, value } = token;
    const flag = flags.find((flag) => flag.name === name);
    if (flag === undefined) {
      throw new UnknownFlagError(rawName);
    }
    if (flag.value === undefined) {
      const on = parseSwitch(`--${name}`, value ?? "true");
      switches.set(name, on);
      const [other, meant] = flag.means ?? [];
      if (on && other !== undefined) {
        lists.set(other, [...lists.get(other) ?? [], meant!]);
      }
      continue;
    }
    if (value === undefined && flag.alone === true) {
      switches.set(name, true);
      continue;
    }
    if (value === undefined) {
      throw new FlagError(`flag needs an argument: ${rawName}`);
    }
    const isShort = token.isInline && !rawName.startsWith("--");
    const text = isShort ? value.replace(/^=/, "") : value;
    if (text === "" && flag.notEmpty) {
      const RefusedError = flag.typed === true ? FlagError : UsageError;
      throw new RefusedError(
        `invalid argument "" for "--${name}": expected ${flag.value}`,
      );
    }
    lists.set(name, [...lists.get(name) ?? [], text]);
  }
  return {
    words: positionals,
    list: (name) => lists.get(name)?.filter((text) => text !== "") ?? [],
    text: (name) => lists.get(name)?.at(-1) || undefined,
    switched: (name) => switches.get(name) === true,
    switchedOff: (name) => switches.get(name) === false,
  };
}

/** A command line, split at the name of the command. */
export interface CommandLine {
  /** The words before it; they are flags. */
  readonly before: readonly string[];
  /** The name of the command; undefined if there is none. */
  readonly command: string | undefined;
  /** The words after it. */
  readonly behind: readonly string[];
}

/**
 * Finds the name of the command, also where flags such as `-H URI` stand before
 * it.
 */
export function findCommand(
  words: readonly string[],
  flags: readonly Flag[],
): CommandLine {
  const first = tokensOf(words, flags).find((token) => token.kind === "word");
  const at = first?.index ?? words.length;
  return {
    before: words.slice(0, at),
    command: words[at],
    behind: words.slice(at + 1),
  };
}

/**
 * Reads yes or no as docker's command does.
 *
 * @param flag The flag that the text belongs to.
 * @throws {FlagError} If the text is neither.
 */
export function parseSwitch(flag: string, text: string): boolean {
  const on = Object.hasOwn(SWITCHES, text) ? SWITCHES[text] : undefined;
  if (on !== undefined) return on;
  throw new FlagError(
    `invalid argument ${
      JSON.stringify(text)
    } for "${flag}": expected true or false`,
  );
}

/** What of a flag decides how a command line is split. */
export interface SplitFlag {
  /** Long name, without dashes. */
  readonly name: string;
  /** Short name, one letter. */
  readonly short?: string;
  /** A flag without this takes no value. */
  readonly value?: string;
  /** Whether its value can only be a part of its own word. */
  readonly alone?: boolean;
}

/** A flag on a command line, with the value that belongs to it. */
export interface FlagToken {
  readonly kind: "flag";
  /** The long name; of an unknown short flag, its letter. */
  readonly name: string;
  /** The flag with its dashes, as it was written. */
  readonly rawName: string;
  /** Its value; undefined if it was written without one. */
  readonly value: string | undefined;
  /** Whether the value is a part of the flag's own word. */
  readonly isInline: boolean;
}

/** A word that is no flag. */
export interface WordToken {
  readonly kind: "word";
  readonly value: string;
  /** Its place on the command line. */
  readonly index: number;
}

/** The flags by their names, which are asked for a letter or a long name. */
class KnownFlags {
  readonly #flags: readonly SplitFlag[];

  constructor(flags: readonly SplitFlag[]) {
    this.#flags = flags;
  }

  longName(letter: string): string {
    return this.#flags.find(({ short }) => short === letter)?.name ?? letter;
  }

  takesValue(name: string): boolean {
    const flag = this.#flags.find((flag) => flag.name === name);
    return flag?.value !== undefined && flag.alone !== true;
  }
}

/**
 * Splits a command line into flags and other words, by the rules of
 * `parseArgs` in `node:util`: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, `-qn value`; the word behind a flag that takes a value is that
 * value, whatever it looks like; `--` ends the flags. (`node:util` itself is not
 * used because to load it takes a third of the time of `davit --version`.)
 */
export function* tokensOf(
  words: readonly string[],
  flags: readonly SplitFlag[],
): Generator<FlagToken | WordToken> {
  const known = new KnownFlags(flags);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--") {
      for (index++; index < words.length; index++) {
        yield { kind: "word", value: words[index]!, index };
      }
      return;
    }
    if (!word.startsWith("-") || word === "-") {
      yield { kind: "word", value: word, index };
      continue;
    }
    const found = word.startsWith("--")
      ? [longFlag(word)]
      : shortFlags(word, known);
    for (const token of found) {
      // Only the last flag of a word can have its value in the next one.
      const takesNext = !token.isInline && known.takesValue(token.name) &&
        token === found.at(-1) && index + 1 < words.length;
      yield takesNext ? { ...token, value: words[++index] } : token;
    }
  }
}

/** Reads `--name` or `--name=value`; the name has at least one character. */
function longFlag(word: string): FlagToken {
  const [, rawName, value] = /^(--.[^=]*)(?:=(.*))?$/s.exec(word)!;
  return {
    kind: "flag",
    name: rawName!.slice("--".length),
    rawName: rawName!,
    value,
    isInline: value !== undefined,
  };
}

/** Reads letters, up to one whose flag takes the rest of the word as its value. */
function shortFlags(word: string, known: KnownFlags): FlagToken[] {
  const tokens: FlagToken[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]!;
    const name = known.longName(letter);
    const rest = word.slice(at + 1);
    const isInline = rest !== "" && known.takesValue(name);
    tokens.push({
      kind: "flag",
      name,
      rawName: `-${letter}`,
      value: isInline ? rest : undefined,
      isInline,
    });
    if (isInline) break;
  }
  return tokens;
}

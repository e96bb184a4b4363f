import type { OnSilence } from "../transport/silence.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";
import { progressWord } from "./progress_mode.ts";

/**
 * How a person is told that something does not answer; returns what takes the
 * text back, where that can be. A display that repaints the terminal replaces
 * it, and shows the text itself.
 */
export const silences: { tell(text: string): void | (() => void) } = {
  tell: (text) => print(text, Deno.stderr),
};

/** Modes in which standard error is for programs, or is to stay empty. */
const UNTOLD: readonly string[] = ["quiet", "rawjson", "none"];

/** Tells a person that an engine or a daemon does not answer. */
export function silenceTeller(parsed: ParsedWords): OnSilence {
  return ({ where, what, seconds }) => {
    const isQuiet = parsed.switched("quiet") ||
      UNTOLD.includes(progressWord(parsed));
    if (isQuiet) return;
    return silences.tell(
      `no answer for ${seconds} s from ${where} to ${what}; still waiting`,
    );
  };
}

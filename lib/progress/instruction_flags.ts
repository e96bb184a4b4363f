import type { Instruction } from "./dockerfile.ts";

/**
 * The flags of an instruction, such as `--from=build`, as BuildKit reads them:
 * they follow the keyword, and have quotes and backslashes as in a shell.
 *
 * @param text The instruction on one line, with its keyword.
 */
export function readFlags(text: string): string[] {
  const flags: string[] = [];
  let at = /^\s*\S*/.exec(text)![0].length;
  while (true) {
    at += /^\s*/.exec(text.slice(at))![0].length;
    if (!text.startsWith("--", at)) return flags;
    let flag = "";
    let quote = "";
    for (; at < text.length; at++) {
      const char = text[at]!;
      if (quote === "" && /\s/.test(char)) break;
      if (char === "\\") flag += text[++at] ?? "";
      else if (quote === "" && (char === "'" || char === '"')) quote = char;
      else if (char === quote) quote = "";
      else flag += char;
    }
    if (flag === "--") return flags;
    flags.push(flag);
  }
}

/** The flags of an instruction as names and values, in their order. */
export function flagsOf(
  { text }: Pick<Instruction, "text">,
): [name: string, value: string][] {
  return readFlags(text).map((flag) => {
    const cut = flag.indexOf("=");
    return cut === -1
      ? [flag.slice(2), ""]
      : [flag.slice(2, cut), flag.slice(cut + 1)];
  });
}

/** The fields of each `--mount` of a RUN instruction. */
export function mountsOf(instruction: Instruction): string[][] {
  if (instruction.keyword !== "RUN") return [];
  return flagsOf(instruction).filter(([name]) => name === "mount")
    .map(([, value]) => value.split(","));
}

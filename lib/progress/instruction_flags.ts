import type { Instruction } from "./dockerfile.ts";

const FLAG_REGEXP = /\s+--([a-z-]+)(?:=(\S*))?/y;

/** The flags of an instruction, in their order; quotes are taken off their values. */
export function flagsOf(
  { text }: Pick<Instruction, "text">,
): [name: string, value: string][] {
  const flags: [string, string][] = [];
  FLAG_REGEXP.lastIndex = /^\S*/.exec(text)![0].length;
  for (
    let match = FLAG_REGEXP.exec(text);
    match !== null;
    match = FLAG_REGEXP.exec(text)
  ) {
    flags.push([match[1]!, (match[2] ?? "").replace(/["']/g, "")]);
  }
  return flags;
}

/** The fields of each `--mount` of a RUN instruction. */
export function mountsOf(instruction: Instruction): string[][] {
  if (instruction.keyword !== "RUN") return [];
  return flagsOf(instruction).filter(([name]) => name === "mount")
    .map(([, value]) => value.split(","));
}

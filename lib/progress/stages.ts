import type { Instruction } from "./dockerfile.ts";

/** An instruction with the numbers that builders show. */
export interface NumberedInstruction extends Instruction {
  /** Its stage's name in lower case, or `stage-1` and so on. */
  readonly stage: string;
  /** Its number among those of the stage that make a layer, as BuildKit counts; 0 if it makes none. */
  readonly number: number;
  /** How many of these the stage has. */
  readonly total: number;
  /** Its number among all instructions, as the classic builder counts. */
  readonly step: number;
  /** How many instructions there are. */
  readonly steps: number;
}

const LAYER_REGEXP = /^(?:RUN|COPY|ADD|WORKDIR)$/;

/** The words of a FROM instruction that count. */
export function readFrom(
  text: string,
): { readonly base: string; readonly name: string | undefined } {
  const words = text.split(/\s+/).slice(1).filter((word) =>
    !word.startsWith("--")
  );
  const name = words[1]?.toUpperCase() === "AS" ? words[2] : undefined;
  return { base: words[0] ?? "", name: name?.toLowerCase() };
}

/** Names of the stages, in order. */
function stageNames(instructions: readonly Instruction[]): string[] {
  return instructions
    .filter(({ keyword }) => keyword === "FROM")
    .map(({ text }, index) => readFrom(text).name ?? `stage-${index}`);
}

/** Counts the instructions as BuildKit and as the classic builder do. */
export function numberInstructions(
  instructions: readonly Instruction[],
): NumberedInstruction[] {
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  const names = stageNames(instructions);
  const steps = instructions.length;
  return stages.flatMap((stage, index) => {
    const { base } = readFrom(stage[0]!.text);
    const lower = base.toLowerCase();
    // A base that is an earlier stage, or nothing, makes no layer of its own.
    const ownBase = lower !== "scratch" &&
      !names.slice(0, index).includes(lower);
    const makesLayer = ({ keyword }: Instruction) =>
      LAYER_REGEXP.test(keyword) || keyword === "FROM" && ownBase;
    const total = stage.filter(makesLayer).length;
    let number = 0;
    return stage.map((instruction) => ({
      ...instruction,
      stage: names[index]!,
      number: makesLayer(instruction) ? ++number : 0,
      total,
      step: instructions.indexOf(instruction) + 1,
      steps,
    }));
  });
}

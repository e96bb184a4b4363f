import type { Instruction } from "./dockerfile.ts";

/** An instruction with the numbers that builders show for it. */
export interface NumberedInstruction extends Instruction {
  /**
   * The name of the instruction's stage in lower case, or `stage-1` and so on.
   */
  readonly stage: string;
  /**
   * BuildKit's number: its place among those instructions of its stage that
   * make a layer; 0 if it makes none.
   */
  readonly number: number;
  /** How many instructions of the stage make a layer. */
  readonly total: number;
  /** The classic builder's number: its place among all instructions. */
  readonly step: number;
  /** How many instructions the Dockerfile has. */
  readonly steps: number;
  /** Podman's number: its place among all instructions of its stage. */
  readonly place: number;
  /** How many instructions the stage has. */
  readonly places: number;
}

const LAYER_REGEXP = /^(?:RUN|COPY|ADD|WORKDIR)$/;

/**
 * The base and the stage's name in a FROM instruction; the name is in lower
 * case.
 */
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

/** Numbers the instructions as BuildKit and as the classic builder do. */
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
    // FROM makes no layer if the base is an earlier stage, or `scratch`.
    const ownBase = lower !== "scratch" &&
      !names.slice(0, index).includes(lower);
    const makesLayer = ({ keyword }: Instruction) =>
      LAYER_REGEXP.test(keyword) || keyword === "FROM" && ownBase;
    const total = stage.filter(makesLayer).length;
    let number = 0;
    return stage.map((instruction, at) => ({
      ...instruction,
      stage: names[index]!,
      number: makesLayer(instruction) ? ++number : 0,
      total,
      step: instructions.indexOf(instruction) + 1,
      steps,
      place: at + 1,
      places: stage.length,
    }));
  });
}

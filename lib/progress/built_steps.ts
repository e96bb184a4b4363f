import { type Instruction, readInstructions } from "./dockerfile.ts";
import { readFlags } from "./instruction_flags.ts";
import { readMounts } from "./mounts.ts";
import { readFrom } from "./stages.ts";
import { type BuildArgs, expandKnown, globalArgs } from "./variables.ts";

/** An instruction that a build runs. */
export interface BuiltStep {
  /** All of it on one line; without `ONBUILD` where it stood in a stage below. */
  readonly text: string;
  /** Whether the build surely needs its stage. */
  readonly sure: boolean;
}

/** What decides which stages of a Dockerfile are built. */
export interface BuiltStepsOptions {
  /** Name or number of the stage to build; the last one unless given. */
  readonly target?: string | undefined;
  /** Values for the arguments before the first stage. */
  readonly buildargs?: BuildArgs;
}

interface Stage {
  readonly name: string | undefined;
  /** Undefined where a variable without a known value stands in it. */
  readonly base: string | undefined;
  /** Instructions that run in it. */
  readonly own: string[];
  /** Those that run in a stage above it. */
  readonly triggers: string[];
}

/**
 * The instructions of the stages that a target needs, also through `COPY --from`
 * and mounts. What stands in another stage is not built.
 */
export function builtSteps(
  dockerfile: string,
  { target, buildargs = {} }: BuiltStepsOptions = {},
): BuiltStep[] {
  const stages = readStages(readInstructions(dockerfile), buildargs);
  const last = target
    ? findStage(stages, target, stages.length)
    : stages.length - 1;
  /** By index of the stage, whether it is surely needed. */
  const needed = new Map<number, boolean>();
  const need = (index: number, sure: boolean): void => {
    if (index < 0 || needed.get(index) === true) return;
    if (needed.has(index) && !sure) return;
    needed.set(index, sure);
    const stage = stages[index]!;
    const below = (name: string | undefined): void => {
      if (name !== undefined) return need(findStage(stages, name, index), sure);
      for (const other of stages.slice(0, index).keys()) need(other, false);
    };
    below(stage.base);
    for (const text of textsOf(stages, index)) {
      for (const name of sourcesOf(text)) {
        below(name.includes("$") ? undefined : name);
      }
    }
  };
  if (last >= 0) need(last, true);
  return [...needed].flatMap(([index, sure]) =>
    textsOf(stages, index).map((text) => ({ text, sure }))
  );
}

function readStages(
  instructions: readonly Instruction[],
  buildargs: BuildArgs,
): Stage[] {
  const values = globalArgs(instructions, buildargs);
  const stages: Stage[] = [];
  for (const { keyword, text } of instructions) {
    if (keyword === "FROM") {
      const { base, name } = readFrom(text);
      stages.push({
        name,
        base: expandKnown(base, values),
        own: [],
        triggers: [],
      });
    } else if (keyword === "ONBUILD") {
      stages.at(-1)?.triggers.push(text.replace(/^\S+\s+/, ""));
    } else stages.at(-1)?.own.push(text);
  }
  return stages;
}

/** What runs in a stage: what the stage below it has for it, and its own. */
function textsOf(stages: readonly Stage[], index: number): string[] {
  const { base, own } = stages[index]!;
  const below = base === undefined
    ? undefined
    : stages[findStage(stages, base, index)];
  return [...below?.triggers ?? [], ...own];
}

/** Index of the last stage of this name or number before another one; -1 if it is none. */
function findStage(
  stages: readonly Stage[],
  name: string,
  before: number,
): number {
  const lower = name.toLowerCase();
  return stages.slice(0, before).findLastIndex((stage, index) =>
    stage.name === lower || String(index) === name
  );
}

/** Names of the stages and images that an instruction takes files from. */
function sourcesOf(text: string): string[] {
  const flags = /^\s*(?:COPY|ADD)\s/i.test(text) ? readFlags(text) : [];
  const named = flags.filter((flag) => flag.startsWith("--from="))
    .map((flag) => flag.slice("--from=".length));
  const mounted = readMounts(text).flatMap((fields) =>
    fields.get("from") ?? []
  );
  return [...named, ...mounted];
}

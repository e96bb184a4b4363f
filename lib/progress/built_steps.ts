import { type Instruction, readInstructions } from "./dockerfile.ts";
import { readFlags } from "./instruction_flags.ts";
import { readMounts } from "./mounts.ts";
import { readFrom } from "./stages.ts";
import { type BuildArgs, expandKnown, globalArgs } from "./variables.ts";

/** An instruction that the build may run. */
export interface BuiltStep {
  /**
   * The whole instruction on one line; without the word `ONBUILD` if it comes
   * from the base stage.
   */
  readonly text: string;
  /**
   * Whether the build needs the instruction's stage for sure, or only may need
   * it.
   */
  readonly sure: boolean;
}

/** The options that decide which stages of a Dockerfile are built. */
export interface BuiltStepsOptions {
  /** Name or number of the stage to build; the last one unless given. */
  readonly target?: string | undefined;
  /** Values for the arguments (`ARG`) before the first stage. */
  readonly buildargs?: BuildArgs;
  /**
   * Names of contexts: a stage of such a name is replaced, and none of its
   * instructions runs.
   */
  readonly contexts?: ReadonlySet<string>;
}

interface Stage {
  readonly name: string | undefined;
  /**
   * The image or stage in `FROM`; undefined if it has a variable whose value is
   * not known.
   */
  readonly base: string | undefined;
  /** The instructions that run in this stage. */
  readonly own: string[];
  /**
   * The `ONBUILD` instructions, which run in the stages that are built on this
   * one.
   */
  readonly triggers: string[];
}

/**
 * The instructions of all stages that a target needs: its base, and what it
 * takes files from by `COPY --from` or mounts. Other stages are not built.
 */
export function builtSteps(
  dockerfile: string,
  { target, buildargs = {}, contexts = new Set() }: BuiltStepsOptions = {},
): BuiltStep[] {
  const stages = readStages(readInstructions(dockerfile), buildargs)
    .map((stage) =>
      stage.name !== undefined && contexts.has(stage.name)
        ? { ...stage, base: "scratch", own: [], triggers: [] }
        : stage
    );
  const last = target
    ? findStage(stages, target, stages.length)
    : stages.length - 1;
  /** Whether a stage is needed for sure, by the stage's index. */
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

/**
 * The instructions that run in a stage: first the `ONBUILD` instructions of its
 * base, then its own.
 */
function textsOf(stages: readonly Stage[], index: number): string[] {
  const { base, own } = stages[index]!;
  const below = base === undefined
    ? undefined
    : stages[findStage(stages, base, index)];
  return [...below?.triggers ?? [], ...own];
}

/**
 * Index of the last stage with this name or number that comes before `before`;
 * -1 if there is none.
 */
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

/** The stages and images that an instruction takes files from. */
function sourcesOf(text: string): string[] {
  const flags = /^\s*(?:COPY|ADD)\s/i.test(text) ? readFlags(text) : [];
  const named = flags.filter((flag) => flag.startsWith("--from="))
    .map((flag) => flag.slice("--from=".length));
  const mounted = readMounts(text).flatMap((fields) =>
    fields.get("from") ?? []
  );
  return [...named, ...mounted];
}

import { cutText } from "../cut_text.ts";
import { briefWords, isCounted } from "./step_name.ts";
import type { TimedStep } from "./timings.ts";

type Named = Pick<
  TimedStep,
  "name" | "words" | "lines" | "stage" | "platform" | "node"
>;

const MAX_WORDS = 60;

/**
 * How sentences call each of these steps, by its place in the list: its words in
 * quotes, and its line; where several platforms or nodes build, that of the step;
 * and its stage where another stage has a step that would read the same.
 */
export function stepNames(steps: readonly Named[]): string[] {
  const isSpread = (of: (step: Named) => string | undefined) =>
    new Set(steps.map(of).filter((name) => name !== undefined)).size > 1;
  const hasPlatforms = isSpread(({ platform }) => platform);
  const hasNodes = isSpread(({ node }) => node);
  const parts = steps.map((step) => ({
    what: called(step),
    where: placeOf(
      hasPlatforms ? step.platform : undefined,
      hasNodes ? step.node : undefined,
    ),
  }));
  const stages = new Map<string, Set<string | undefined>>();
  for (const [at, { what, where }] of parts.entries()) {
    const key = what + where;
    stages.set(key, (stages.get(key) ?? new Set()).add(steps[at]!.stage));
  }
  return parts.map(({ what, where }, at) => {
    const { name, stage } = steps[at]!;
    const isAlone = stages.get(what + where)!.size === 1;
    if (isAlone || stage === undefined) return what + where;
    // Also `[context a] load from client`.
    return `${what} ${isCounted(name) ? "in stage" : "of"} ${stage}${where}`;
  });
}

/** A step in a sentence: its words in quotes, and its line. */
function called({ words, lines }: Named): string {
  const line = briefWords(words);
  const short = line.length > MAX_WORDS
    ? `${cutText(line, MAX_WORDS - 1)}…`
    : line;
  return `“${short}”${lines === undefined ? "" : ` at line ${lines.start}`}`;
}

/** BuildKit writes `linux/amd64->arm64` for what one builds for the other. */
function placeOf(
  platform: string | undefined,
  node: string | undefined,
): string {
  const places = [
    ...(platform === undefined ? [] : [platform.replace("->", " for ")]),
    ...(node === undefined ? [] : [`node ${node}`]),
  ];
  return places.length === 0 ? "" : ` on ${places.join(", ")}`;
}

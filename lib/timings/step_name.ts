/** What stands in the name of a step. */
export interface StepName {
  /** The node, where several build. */
  readonly node: string | undefined;
  /** The platform, where several are built. */
  readonly platform: string | undefined;
  /** The stage, or `internal`. */
  readonly stage: string | undefined;
  /** What stands behind the brackets. */
  readonly words: string;
  /** The name without the node. */
  readonly plain: string;
}

const BRACKETS_REGEXP = /^\[([^\]]*)\] (.*)$/s;
const NODE_REGEXP = /^\[(\S+) internal\] /;
const COUNT_REGEXP = /^\d+\/\d+$/;
/** Also `linux/amd64->arm64`, where it is built on one for another. */
const PLATFORM_REGEXP = /^[\w.]+\/[\w./]+(?:->\S+)?$/;

/**
 * The nodes of a build of several, from the names of its steps: each node has
 * steps of its own such as `[NODE internal] load build definition`.
 */
export function nodesIn(names: Iterable<string>): Set<string> {
  const nodes = new Set<string>();
  for (const name of names) {
    const node = NODE_REGEXP.exec(name)?.[1];
    if (node !== undefined) nodes.add(node);
  }
  return nodes;
}

/**
 * Reads a name such as `[NODE linux/amd64 build 2/5] RUN make`; each of the
 * words in the brackets may be left out.
 */
export function readStepName(
  name: string,
  nodes: ReadonlySet<string>,
): StepName {
  const [, inside, words = name] = BRACKETS_REGEXP.exec(name) ?? [];
  const rest = inside?.split(/\s+/) ?? [];
  const node = nodes.has(rest[0] ?? "") ? rest.shift() : undefined;
  const left = rest.join(" ");
  const plain = node === undefined
    ? name
    : left === ""
    ? words
    : `[${left}] ${words}`;
  if (COUNT_REGEXP.test(rest.at(-1) ?? "")) rest.pop();
  const platform = PLATFORM_REGEXP.test(rest[0] ?? "")
    ? rest.shift()
    : undefined;
  return { node, platform, stage: rest.join(" ") || undefined, words, plain };
}

/**
 * The name of a step of a Dockerfile has its number. The number's first digit is
 * told from what is before it, or a long name would be searched for each digit.
 */
const COUNTED_REGEXP = /^\[(?:[^\]]*[^\]\d])?\d+\/\d+\]/;

/** Whether a step is one of a Dockerfile, by its name. */
export function isCounted(name: string): boolean {
  return COUNTED_REGEXP.test(name);
}

const FLAGS_REGEXP = /^(RUN|COPY|ADD|FROM)((?:\s+--\S+)+)(?=\s)/i;

/**
 * A step's words without the flags that say how it runs, such as `--mount`, for
 * where there is little room: what it runs is more. Where files come from stays.
 * Blanks are one, as those behind a line that goes on in the next.
 */
export function briefWords(words: string): string {
  return words.replace(FLAGS_REGEXP, (_, name: string, flags: string) => {
    const kept = flags.split(/\s+/).filter((flag) =>
      flag.startsWith("--from=")
    );
    return [name, ...kept].join(" ");
  }).replace(/\s+/g, " ");
}

import {
  type Instruction,
  type LineRange,
  opensHeredoc,
} from "./dockerfile.ts";
import { flagsOf, mountsOf } from "./instruction_flags.ts";
import { numberInstructions, readFrom } from "./stages.ts";
import { matchesWritten } from "./written.ts";

/**
 * One of BuildKit's error messages that name no line, and the instructions it
 * can be about.
 */
interface Sentence {
  /** Finds the message in the engine's text. */
  readonly regexp: RegExp;
  /**
   * Whether the message can be about an instruction.
   *
   * @param same Whether a word in the Dockerfile can stand for a word in the
   * message; it may have variables.
   */
  readonly isIt: (
    instruction: Instruction,
    match: RegExpExecArray,
    same: (written: string, text: string) => boolean,
  ) => boolean;
  /**
   * When BuildKit finds the mistake. `reading`: while it reads the file from
   * top to bottom; it reports the first one. `planning`: while it plans the
   * steps, only of the stages that it needs.
   */
  readonly found: "reading" | "planning";
}

/** Instructions in whose words BuildKit replaces variables. */
const EXPANDED =
  /^(?:ADD|ARG|COPY|ENV|EXPOSE|FROM|LABEL|STOPSIGNAL|USER|VOLUME|WORKDIR)$/;

const SENTENCES: readonly Sentence[] = [
  {
    regexp: /\b(ENV|LABEL) must have two arguments/,
    isIt: ({ text }, [, keyword]) =>
      new RegExp(`^(?:ONBUILD\\s+)?${keyword}\\s+[^\\s=]+$`, "i").test(text),
    found: "reading",
  },
  {
    regexp: /Syntax error - can't find = in "([^"]*)"/,
    isIt: ({ text }, [, word]) => bareWords(text).includes(word!),
    found: "reading",
  },
  {
    regexp: /no build stage in current context/,
    isIt: ({ keyword }) => keyword !== "ARG",
    found: "reading",
  },
  {
    regexp: /base name \((.*)\) should not be blank/,
    isIt: (one, [, base]) =>
      one.keyword === "FROM" && readFrom(one.text).base === base,
    found: "reading",
  },
  {
    regexp: /empty platform value from expression (\S+)/,
    isIt: (one, [, platform]) =>
      hasFlag(one, /^FROM$/, "platform", (value) => value === platform),
    found: "reading",
  },
  {
    regexp: /failed to parse platform (\S+):/,
    isIt: (one, [, platform], same) =>
      hasFlag(one, /^FROM$/, "platform", (value) => same(value, platform!)),
    found: "reading",
  },
  mount(/unsupported mount type "([^"]*)"/, ([, type]) => `type=${type}`),
  mount(
    /unsupported sharing value "([^"]*)"/,
    ([, value]) => `sharing=${value}`,
  ),
  mount(/unexpected key '[^']*' in '([^']*)'/, ([, field]) => field!),
  mount(
    /invalid field '([^']*)' must be a key=value pair/,
    ([, field]) => field!,
  ),
  mount(
    /invalid value for (\w+): (.*)$/,
    ([, key, value]) => `${key}=${value}`,
  ),
  mount(
    /invalid value (\S+) for (\w+)$/,
    ([, value, key]) => `${key}=${value}`,
  ),
  {
    regexp: /invalid mount target "\/"/,
    isIt: (one) => mountsOf(one).some(isWithoutTarget),
    found: "planning",
  },
  {
    regexp: /invalid secret mount\. one of source, target required/,
    isIt: (one) => mountsOf(one).some(isSecretWithoutId),
    found: "planning",
  },
  {
    regexp: /arrays must be comprised of strings only/,
    isIt: ({ text }) => isArrayOfOthers(text),
    found: "reading",
  },
  {
    regexp: /LLB definition: arguments are required/,
    isIt: ({ keyword, text }) => keyword === "RUN" && /\s\[\s*\]$/.test(text),
    found: "planning",
  },
  {
    regexp: /invalid chmod parameter: '([^']*)'/,
    isIt: (one, [, mode], same) =>
      hasFlag(one, /^(?:ADD|COPY)$/, "chmod", (value) => same(value, mode!)),
    found: "planning",
  },
  {
    regexp: /invalid checksum digest|checksum requires HTTP/,
    isIt: (one) => hasFlag(one, /^ADD$/, "checksum", () => true),
    found: "planning",
  },
  {
    regexp: /failed to parse stage name "([^"]*)"/,
    isIt: (one, [, name], same) =>
      one.keyword === "FROM" && same(readFrom(one.text).base, name!) ||
      takesFrom(one, (from) => same(from, name!)),
    found: "planning",
  },
  {
    regexp: /cannot copy from stage "([^"]*)", it needs to be defined before/,
    isIt: (one, [, name], same) => takesFrom(one, (from) => same(from, name!)),
    found: "planning",
  },
  {
    regexp: /invalid stage index (\d+)/,
    isIt: (one, [, index]) => takesFrom(one, (from) => from === index),
    found: "planning",
  },
  {
    regexp: /invalid containerPort: (\S+)/i,
    isIt: ({ keyword, text }, [, port], same) =>
      keyword === "EXPOSE" &&
      text.split(/\s+/).slice(1).some((word) =>
        same(word.replace(/\/\w+$/, ""), port!)
      ),
    found: "planning",
  },
  {
    regexp: /invalid proto: (\S+)/i,
    isIt: ({ keyword, text }, [, protocol], same) =>
      keyword === "EXPOSE" &&
      text.split(/\s+/).slice(1).some((word) =>
        word.includes("/") && same(word.replace(/^.*\//, ""), protocol!)
      ),
    found: "planning",
  },
  {
    regexp: /invalid signal: (\S+)/i,
    isIt: ({ keyword, text }, [, signal], same) =>
      keyword === "STOPSIGNAL" && same(text.split(/\s+/)[1] ?? "", signal!),
    found: "planning",
  },
  {
    regexp: /failed to process ("(?:[^"\\]|\\.)*"): /,
    isIt: (one, [, word]) => expands(one, unquoted(word!)),
    found: "planning",
  },
];

/**
 * The instruction that the engine's error message is about; undefined if that
 * is not certain.
 */
export function positionOfSentence(
  instructions: readonly Instruction[],
  detail: string,
): LineRange | undefined {
  if (/unterminated heredoc/.test(detail)) return openHeredoc(instructions);
  const circle = /circular dependency detected on stage: (\S+)/.exec(detail);
  if (circle !== null) return copyOfItself(instructions, circle[1]!);
  for (const { regexp, isIt, found } of SENTENCES) {
    const match = regexp.exec(detail);
    if (match === null) continue;
    const exact = instructions.filter((one) => isIt(one, match, Object.is));
    const all = instructions.filter((one) => isIt(one, match, matchesWritten));
    const first = found === "reading" || all.length === exact.length &&
        new Set(exact.map((one) => stageOf(instructions, one))).size === 1
      ? exact[0]
      : undefined;
    const one = first ?? (all.length === 1 ? all[0] : undefined);
    return one && { start: one.start, end: one.end };
  }
  return undefined;
}

/**
 * The range of a here-document without an end: it goes to the end of the file.
 */
function openHeredoc(
  instructions: readonly Instruction[],
): LineRange | undefined {
  const open = instructions.filter(({ text, heredoc }) =>
    !heredoc && opensHeredoc(text)
  );
  return open.length === 1
    ? { start: open[0]!.start, end: instructions.at(-1)!.end }
    : undefined;
}

/** The last instruction of a stage that copies from the stage itself. */
function copyOfItself(
  instructions: readonly Instruction[],
  name: string,
): LineRange | undefined {
  const numbered = numberInstructions(instructions);
  const stages = [...new Set(numbered.map(({ stage }) => stage))];
  const one = numbered.findLast((one) =>
    one.stage === name.toLowerCase() &&
    takesFrom(one, (from) =>
      from.toLowerCase() === one.stage ||
      from === String(stages.indexOf(one.stage)))
  );
  return one && { start: one.start, end: one.end };
}

/**
 * The stage of an instruction, by its `FROM`. Within a stage BuildKit plans
 * from top to bottom, so the first match is the one.
 */
function stageOf(
  instructions: readonly Instruction[],
  one: Instruction,
): Instruction | undefined {
  return instructions.findLast(({ keyword, start }) =>
    keyword === "FROM" && start <= one.start
  );
}

function mount(
  regexp: RegExp,
  fieldOf: (match: RegExpExecArray) => string,
): Sentence {
  return {
    regexp,
    isIt: (one, match, same) =>
      mountsOf(one).some((fields) =>
        fields.some((field) => same(field, fieldOf(match)))
      ),
    found: "reading",
  };
}

function isSecretWithoutId(fields: readonly string[]): boolean {
  return fields.includes("type=secret") &&
    !fields.some((field) =>
      /^(?:id|source|src|target|dst|destination|env)=/.test(field)
    );
}

/** Whether its words are an array in JSON that holds other things than text. */
function isArrayOfOthers(text: string): boolean {
  try {
    const words = JSON.parse(text.slice(text.indexOf("[")));
    return Array.isArray(words) &&
      words.some((word) => typeof word !== "string");
  } catch {
    return false; // in another form
  }
}

function isWithoutTarget(fields: readonly string[]): boolean {
  const value = (...keys: string[]) =>
    fields.find((field) => keys.includes(field.split("=")[0]!))
      ?.replace(/^\w+=/, "");
  const type = value("type") ?? "bind";
  const target = value("target", "dst", "destination") ?? "/";
  return /^(?:bind|cache|tmpfs)$/.test(type) && /^\/?$/.test(target);
}

function hasFlag(
  instruction: Instruction,
  keyword: RegExp,
  flag: string,
  test: (value: string) => boolean,
): boolean {
  return keyword.test(instruction.keyword) &&
    flagsOf(instruction).some(([name, value]) => name === flag && test(value));
}

/** Whether an instruction copies, or mounts, from an image or a stage. */
function takesFrom(
  instruction: Instruction,
  test: (from: string) => boolean,
): boolean {
  return hasFlag(instruction, /^(?:ADD|COPY)$/, "from", test) ||
    mountsOf(instruction).some((fields) =>
      fields.some((field) =>
        field.startsWith("from=") && test(field.slice("from=".length))
      )
    );
}

/**
 * Whether BuildKit replaces variables in this word of the instruction;
 * variables in a shell's command are not BuildKit's.
 */
function expands(instruction: Instruction, word: string | undefined): boolean {
  if (!word) return false;
  const { keyword, text } = instruction;
  return EXPANDED.test(keyword)
    ? text.includes(word)
    : flagsOf(instruction).some(([, value]) => value.includes(word));
}

/**
 * Reads a text in quotes. Go quotes text as JSON does, except for bytes that
 * are not text: undefined for these.
 */
function unquoted(word: string): string | undefined {
  try {
    return JSON.parse(word);
  } catch {
    return undefined;
  }
}

/**
 * The words after `ENV name=value` or `LABEL name=value` that are not in
 * quotes.
 */
function bareWords(text: string): string[] {
  const pairs = /^(?:ONBUILD\s+)?(?:ENV|LABEL)\s+([^\s=]+=.*)$/is.exec(text)
    ?.[1];
  return pairs?.replace(/\\.|"(?:\\.|[^"\\])*"|'[^']*'/gs, "''").split(/\s+/) ??
    [];
}

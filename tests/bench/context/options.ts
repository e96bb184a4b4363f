import { type Generation, GENERATIONS } from "../../engines/packages.ts";
import { CLIENT_NAMES, type ClientName } from "./clients.ts";
import {
  CONTEXT_NAMES,
  type ContextName,
  secondsPerRound,
} from "./contexts.ts";

/** What the benchmark is asked to do. */
export interface BenchOptions {
  readonly contexts: readonly ContextName[];
  readonly clients: readonly ClientName[];
  readonly generations: readonly Generation[];
  /** How often each client builds each context in each state. */
  readonly runs: number;
  /** Where contexts are made and kept; a temporary folder unless given. */
  readonly folder?: string;
  /** Leave the temporary folder behind. */
  readonly keep: boolean;
  /** Whether the engines store all in memory, and not on the disk. */
  readonly tmpfs: boolean;
  /**
   * Whether to measure also what each part of a cold build costs the engine and
   * the client; docker's client of 20.10 can't tell the parts.
   */
  readonly phases: boolean;
  /** File that the figures are written to as JSON. */
  readonly json?: string;
}

/** Contexts of a run that names none: all that are done in minutes. */
const DEFAULT_CONTEXTS: readonly ContextName[] = CONTEXT_NAMES.filter((name) =>
  name !== "huge" && name !== "more"
);

/** Every option, for `--help` and for whoever mistypes one. */
export const USAGE: string = `Usage: deno task bench [OPTIONS]

  --contexts NAMES    of ${CONTEXT_NAMES.join(", ")}, or "all"
                      (default: all but more and huge)
  --clients NAMES     of ${CLIENT_NAMES.join(", ")} (default: all)
  --generation NAMES  of ${GENERATIONS.join(", ")} (default: 20,28)
  --runs N            builds of each kind (default: 5)
  --folder PATH       make contexts here, or use those that are here, and keep them
  --keep              keep the temporary folder with the contexts
  --tmpfs             keep the engines' data in memory: the disk is not measured
  --phases            measure also whose processor time each part of a cold build
                      takes, for davit-command and docker (not on 20)
  --json FILE         write all figures to a file

Names are separated by commas.`;

/**
 * Reads the command line; values may follow their option after a blank or "=".
 *
 * @throws {SyntaxError} With the usage, if a word is not understood.
 */
export function parseOptions(words: readonly string[]): BenchOptions {
  let contexts = DEFAULT_CONTEXTS;
  let clients: readonly ClientName[] = CLIENT_NAMES;
  let generations: readonly Generation[] = ["20", "28"];
  let runs = 5;
  let folder: string | undefined;
  let json: string | undefined;
  let keep = false;
  let tmpfs = false;
  let phases = false;
  const rest = words.flatMap((word) => {
    const [, name, value] = /^(--[a-z]+)=(.*)$/s.exec(word) ?? [];
    return name === undefined ? [word] : [name, value ?? ""];
  });
  while (rest.length > 0) {
    const flag = rest.shift()!;
    if (flag === "--keep") {
      keep = true;
      continue;
    }
    if (flag === "--tmpfs") {
      tmpfs = true;
      continue;
    }
    if (flag === "--phases") {
      phases = true;
      continue;
    }
    const value = rest.shift();
    if (value === undefined) throw misread(flag);
    if (flag === "--contexts") {
      contexts = value === "all"
        ? CONTEXT_NAMES
        : parseNames(flag, value, CONTEXT_NAMES);
    } else if (flag === "--clients") {
      clients = parseNames(flag, value, CLIENT_NAMES);
    } else if (flag === "--generation") {
      generations = parseNames(flag, value, GENERATIONS);
    } else if (flag === "--runs") {
      runs = Number(value);
      if (!Number.isInteger(runs) || runs < 1) {
        throw misread(`${flag} ${value}`);
      }
    } else if (flag === "--folder") {
      folder = value;
    } else if (flag === "--json") {
      json = value;
    } else {
      throw misread(flag);
    }
  }
  return {
    contexts,
    clients,
    generations,
    runs,
    keep,
    tmpfs,
    phases,
    ...(folder === undefined ? {} : { folder }),
    ...(json === undefined ? {} : { json }),
  };
}

/** How long the benchmark takes, about. */
export function estimateMinutes(options: BenchOptions): number {
  const { contexts, generations, runs, clients } = options;
  const round = contexts.reduce((sum, name) => sum + secondsPerRound(name), 0);
  const share = clients.length / CLIENT_NAMES.length;
  return Math.ceil(round * runs * generations.length * share / 60);
}

/** The named ones, in the order of `known`. */
function parseNames<T extends string>(
  flag: string,
  value: string,
  known: readonly T[],
): T[] {
  const words = value.split(",");
  const wrong = words.find((word) => !known.some((name) => name === word));
  if (wrong !== undefined) throw misread(`${flag} ${wrong}`);
  return known.filter((name) => words.includes(name));
}

function misread(words: string): SyntaxError {
  return new SyntaxError(`Cannot use "${words}"\n\n${USAGE}`);
}

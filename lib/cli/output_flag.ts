import type { BuildOutput } from "../build/options.ts";
import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import type { ParsedWords } from "./flag.ts";

/** Where the result goes. */
export interface OutputPlan {
  /** For the build; undefined: the engine's image store. */
  readonly output: BuildOutput | undefined;
  /** Whether the image is pushed when it is built. */
  readonly push: boolean;
}

const TYPES = [
  "local",
  "tar",
  "oci",
  "docker",
  "image",
  "registry",
  "cacheonly",
];

/**
 * Reads `--output`, `--load` and `--push`.
 *
 * @throws {UsageError} If they do not fit together.
 */
export function planOutput(parsed: ParsedWords): OutputPlan {
  const words = parsed.list("output");
  if (words.length > 1) {
    throw new UsageError(
      "--output can be given once: an engine's /build has one output; build again for the next, the cache makes it cheap",
    );
  }
  const [word] = words;
  const plan = word === undefined
    ? { output: undefined, push: false }
    : parseOutput(word);
  const push = parsed.switched("push");
  const load = parsed.switched("load");
  if ((push || load) && plan.output !== undefined) {
    throw new UsageError(
      `--${push ? "push" : "load"} and --output name two outputs; give one`,
    );
  }
  return { ...plan, push: plan.push || push };
}

function parseOutput(word: string): OutputPlan {
  if (!word.includes("=")) {
    return word === "-"
      ? exportTo("tar", "-", {})
      : exportTo("local", word, {});
  }
  let type = "";
  let dest: string | undefined;
  let push = false;
  const attrs: Record<string, string> = {};
  for (const [key, value] of fieldsOf("--output", word)) {
    if (key === "type") type = value;
    else if (key === "dest" || key === "destination") dest = value;
    else if (key === "push") push = value === "true";
    else attrs[key] = value;
  }
  if (!TYPES.includes(type)) {
    throw new UsageError(
      `--output has type ${JSON.stringify(type)}: expected one of ${
        TYPES.join(", ")
      }`,
    );
  }
  if (type === "cacheonly") return { output: { type }, push: false };
  if (type === "registry" || type === "image" || type === "docker" && !dest) {
    if (dest !== undefined) {
      throw new UsageError(`--output type=${type} has no dest`);
    }
    const output = Object.keys(attrs).length === 0
      ? undefined
      : { type: "image", attrs } as const;
    return { output, push: push || type === "registry" };
  }
  if (dest === undefined || dest === "") {
    if (type === "local") {
      throw new UsageError("--output type=local needs a dest");
    }
    dest = "-";
  }
  return exportTo(type as "local" | "tar" | "oci" | "docker", dest, attrs);
}

function exportTo(
  type: "local" | "tar" | "oci" | "docker",
  dest: string,
  attrs: Readonly<Record<string, string>>,
): OutputPlan {
  if (type === "local") {
    if (dest === "-") {
      throw new UsageError("--output type=local needs a folder, not -");
    }
    return { output: { type, dest, attrs }, push: false };
  }
  if (dest !== "-") return { output: { type, dest, attrs }, push: false };
  if (Deno.stdout.isTerminal()) {
    throw new UsageError(
      "--output to standard output is not for a terminal: send it to a file or a program",
    );
  }
  return {
    output: { type, dest: Deno.stdout.writable, attrs },
    push: false,
  };
}

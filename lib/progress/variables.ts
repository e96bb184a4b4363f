import type { Instruction } from "./dockerfile.ts";

/** Matches `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`. */
const VARIABLE_REGEXP =
  /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?([-+])([^}]*))?\})/g;

/** Values given for a Dockerfile's `ARG` instructions, by their names. */
export type BuildArgs = Readonly<Record<string, string | null | undefined>>;

/**
 * The values of the arguments before the first stage; only `FROM` can use them.
 */
export function globalArgs(
  instructions: readonly Instruction[],
  buildargs: BuildArgs = {},
): Map<string, string> {
  const values = new Map<string, string>();
  for (const { keyword, text } of instructions) {
    if (keyword === "FROM") break;
    if (keyword !== "ARG") continue;
    for (const word of text.split(/\s+/).slice(1)) {
      const [, name = "", given] = /^(\w+)(?:=["']?(.*?)["']?)?$/.exec(word) ??
        [];
      const value = buildargs[name] ??
        (given === undefined ? undefined : expand(given, values));
      if (value !== undefined) values.set(name, value);
    }
  }
  return values;
}

/**
 * Replaces the variables in a text; a variable without a value becomes empty.
 */
export function expand(
  text: string,
  values: ReadonlyMap<string, string>,
): string {
  return text.replace(
    VARIABLE_REGEXP,
    (_, plain, braced, mark, word = "") => {
      const value = values.get(plain ?? braced) ?? "";
      if (mark === "+") return value === "" ? "" : word;
      return mark === "-" && value === "" ? word : value;
    },
  );
}

/**
 * Replaces the variables in a text; undefined if the value of one can't be
 * known, such as that of `$TARGETARCH`.
 */
export function expandKnown(
  text: string,
  values: ReadonlyMap<string, string>,
): string | undefined {
  for (const [, plain, braced] of text.matchAll(VARIABLE_REGEXP)) {
    if (!values.has(plain ?? braced!)) return undefined;
  }
  const expanded = expand(text, values);
  return expanded.includes("$") ? undefined : expanded;
}

// `--call` and `--check`: what is done with a Dockerfile in place of a build, and
// `--format`, how the answer is printed.

import { UsageError } from "./exit.ts";
import { csvRow } from "./fields.ts";
import { type ParsedWords, SWITCHES } from "./flag.ts";

/** What is asked about a Dockerfile. */
export interface Call {
  /** The question, as the frontend knows it, such as `lint`. */
  readonly name: string;
  /** Whether the answer is printed as JSON. */
  readonly json: boolean;
  /** Whether the command succeeds whatever the answer is. */
  readonly ignoreStatus: boolean;
}

/** Flags about a result of a build, which a question does not have. */
const OF_RESULTS: readonly string[] = [
  "output",
  "load",
  "push",
  "iidfile",
  "metadata-file",
  "timings",
  "timings-against",
  "watch",
  "verify",
  "verify-keep-tags",
  "verify-strict",
];

/**
 * Reads `--call` and `--check`, as buildx does: fields of CSV, of which one has
 * no `=` and is the name.
 *
 * @returns Undefined for a build.
 * @throws {UsageError} If a value can't be used, another flag is about a result,
 * or a build has a format.
 */
export function readCall(parsed: ParsedWords): Call | undefined {
  const word = parsed.text("call"); // --check is a word for --call=check
  const given = formatOf(parsed);
  if (word === undefined) return build(given);
  let name: string | undefined;
  let format = "";
  let ignoreStatus = false;
  for (const field of csvRow("--call", word)) {
    const cut = field.indexOf("=");
    const key = cut === -1 ? "" : field.slice(0, cut);
    const value = field.slice(cut + 1);
    if (cut === -1 && name === undefined) name = field;
    else if (cut === -1) throw new UsageError(`invalid print value: ${word}`);
    else if (key === "format") format = value;
    else if (key === "ignorestatus") ignoreStatus = switchOf(value);
    else throw new UsageError(`invalid print field: ${field}`);
  }
  if (name === "build") return build(given);
  if (name === undefined || !/^[\w][\w.-]*$/.test(name)) {
    throw new UsageError(
      `--call ${
        JSON.stringify(word)
      } has no name: expected build, check, outline or targets`,
    );
  }
  for (const flag of OF_RESULTS) {
    if (!parsed.switched(flag) && parsed.list(flag).length === 0) continue;
    throw new UsageError(
      `--${flag} can't be used with ${
        parsed.switched("check") && word === "check"
          ? "--check"
          : `--call=${word}`
      }: nothing is built`,
    );
  }
  return {
    name: name === "check" ? "lint" : name,
    json: (given ?? format) === "json",
    ignoreStatus,
  };
}

/** The value of `--format`, which says the same as the field of `--call`. */
function formatOf(parsed: ParsedWords): string | undefined {
  const format = parsed.text("format");
  if (format === undefined || format === "json" || format === "text") {
    return format;
  }
  throw new UsageError(
    `--format ${JSON.stringify(format)}: expected json or text`,
  );
}

/** A build, which prints no answer. */
function build(format: string | undefined): undefined {
  if (format === undefined) return undefined;
  throw new UsageError(
    "--format is for the answers of --check and --call: a build has none; see --metadata-file and --progress=rawjson",
  );
}

function switchOf(value: string): boolean {
  const on = Object.hasOwn(SWITCHES, value) ? SWITCHES[value] : undefined;
  if (on !== undefined) return on;
  throw new UsageError(
    `invalid ignorestatus print value: ${value}: neither true nor false`,
  );
}

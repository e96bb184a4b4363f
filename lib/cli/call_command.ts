// `davit build --call=…` and `--check`: asks about a Dockerfile, and prints the
// answer as buildx does.

// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
import type { FrontendAnswer } from "../imagebuild/calls/frontend_call.ts";
import { isRemote } from "../imagebuild/context/given_path.ts";
import { isKnownForm, readCheck } from "../imagebuild/calls/read_answer.ts";
import type { DockerfilePlace } from "../imagebuild/calls/answers.ts";
import { printable } from "../display/printable.ts";
import { buildInput, optionsOf } from "./build_input.ts";
import { buildOptions } from "./build_options.ts";
import { buildBuilder } from "./build_builder.ts";
import type { Call } from "./call_flag.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_FAILED, EXIT_OK } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { tellIgnoredVariables } from "./ignored_variables.ts";
import { openBuilderFor } from "./open_builder.ts";
import { print } from "./print.ts";
import { progressMode } from "./progress_mode.ts";
import { showBuild } from "./show_build.ts";
import { environmentPolicy } from "./source_policy.ts";

/** Asks about a Dockerfile and prints the answer. */
export async function runCall(
  call: Call,
  { parsed, signal, interrupt }: CommandContext,
): Promise<number> {
  const mode = progressMode(parsed);
  const { options } = await buildOptions(parsed);
  tellIgnoredVariables(parsed);
  const input = await buildInput(parsed.words[0]!, parsed, signal);
  const sourcePolicy = await environmentPolicy();
  const chosen = await buildBuilder(parsed);
  await using builder = await openBuilderFor(chosen, parsed, signal);
  await using asked = builder.dockerfileCall(call.name, input.context, {
    ...options,
    ...optionsOf(input),
    ...(sourcePolicy === undefined ? {} : { sourcePolicy }),
    signal,
  });
  if (mode !== "none" && mode !== "quiet") {
    await showBuild(asked, mode, interrupt);
  }
  const answer = await asked.result();
  // As buildx does it: the line of the id, which there is none of.
  if (mode === "quiet") print("");
  if (call.name === "lint" && isKnownForm(answer)) {
    return printCheck(answer, call, parsed);
  }
  printAnswer(answer, call);
  return statusOf(answer, call);
}

/** Prints an answer as the frontend has worded it. */
function printAnswer({ json, text }: FrontendAnswer, call: Call): void {
  if (call.json && json !== undefined) print(json);
  else if (text !== undefined) printExactly(text);
  else print(json ?? "");
}

function statusOf(
  { statusCode }: FrontendAnswer,
  { ignoreStatus }: Call,
): number {
  return ignoreStatus ? EXIT_OK : statusCode;
}

/**
 * Prints a check, and why the Dockerfile can't be built; the words are those of
 * buildx (its `commands/build.go`).
 */
function printCheck(
  answer: FrontendAnswer,
  call: Call,
  parsed: ParsedWords,
): number {
  const { violations, error } = readCheck(answer, nameOf(parsed));
  const count = violations.length;
  if (call.json) print(answer.json ?? "");
  else {
    if (count > 0) {
      print(
        `Check complete, ${
          count === 1
            ? "1 warning has been found!"
            : `${count} warnings have been found!`
        }`,
      );
    }
    for (const { rule, url, detail, place } of violations) {
      const head = `\nWARNING: ${rule}${url === "" ? "" : ` - ${url}`}\n`;
      printExactly(`${head}${detail}\n${linesOf(place)}`);
    }
  }
  if (error === undefined) {
    if (!call.json && count === 0) print("Check complete, no warnings found.");
    return statusOf(answer, call);
  }
  if (!call.json && count > 0) print("");
  printExactly(
    `ERROR: ${error.message}\n${linesOf(error.place)}\n`,
    Deno.stderr,
  );
  return EXIT_FAILED;
}

function linesOf(place: DockerfilePlace | undefined): string {
  return place === undefined ? "" : `${place.excerpt}\n`;
}

/** Prints text that ends in its own line ends, safe for a terminal. */
function printExactly(text: string, output = Deno.stdout): void {
  const lines = text.replace(/\n$/, "").split("\n").map(printable);
  print(lines.join("\n"), output);
}

/**
 * The name of the Dockerfile as it is written on the command line. The one of a
 * tar, or of a URL, is told by the frontend.
 */
function nameOf(parsed: ParsedWords): (file: string) => string {
  const [word = ""] = parsed.words;
  const file = parsed.text("file");
  const isFolder = word !== "-" && !isRemote(word);
  return (told) => {
    if (file !== undefined) return file === "-" ? "stdin" : file;
    return isFolder ? join(word, told) : told;
  };
}

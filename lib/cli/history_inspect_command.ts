// @ts-types="../std/path.d.ts"
import { relative } from "@std/path/posix/relative";
import type { BuildHistoryDetails } from "../history/inspect.ts";
import { goJson } from "../gotext/json.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { goTemplate, unescaped } from "./go_template.ts";
import { inspectText } from "./history_inspect_text.ts";
import { inspectValues } from "./history_inspect_values.ts";
import { findBuild, openMemory } from "./open_memory.ts";
import { printText } from "./print.ts";

/** How many lines of a failed step are shown, as buildx does. */
const LOG_LINES = 16;

/** The names that a template may have. */
const NAMES = [
  "Name",
  "Ref",
  "Context",
  "Dockerfile",
  "VCSRepository",
  "VCSRevision",
  "Target",
  "Platform",
  "KeepGitDir",
  "NamedContexts",
  "StartedAt",
  "CompletedAt",
  "Duration",
  "Status",
  "Error",
  "NumCompletedSteps",
  "NumTotalSteps",
  "NumCachedSteps",
  "BuildArgs",
  "Labels",
  "Config",
  "Materials",
  "Attachments",
  "Errors",
];

/** Runs `davit history inspect`. */
export async function runHistoryInspect(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const format = parsed.text("format") ?? "pretty";
  const template = ["json", "pretty"].includes(format)
    ? undefined
    : goTemplate(unescaped(format), NAMES);
  await using memory = await openMemory(parsed, signal);
  const [ref] = parsed.words;
  const build = await findBuild(memory, ref, { signal });
  const found = await build.history.inspect(build.ref, {
    logLines: LOG_LINES,
    signal,
  });
  const values = inspectValues({ ...found, context: contextFromHere(found) });
  if (template !== undefined) printText(`${template(values)}\n`);
  else if (format === "json") printText(`${goJson(values, 2)}\n`);
  else {
    printText(inspectText(found, values, {
      named: ref !== undefined,
      node: build.node,
    }));
  }
  return EXIT_OK;
}

/** The context's path from the working directory on, where it is below it. */
function contextFromHere(
  { context }: BuildHistoryDetails,
): string | undefined {
  if (context === undefined || !context.startsWith("/")) return context;
  const path = relative(Deno.cwd(), context) || ".";
  return path.startsWith("../") ? context : path;
}

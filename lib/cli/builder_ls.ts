import { printable } from "../display/printable.ts";
import { BuilderError } from "../buildx/builder_error.ts";
import { goJson } from "../gotext/json.ts";
import { builderJson, buildersText, failures } from "./builder_ls_text.ts";
import { buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { print, printText } from "./print.ts";
import { showBuilder } from "./shown_builder.ts";

/** Runs `davit builder ls`. */
export async function runBuilderLs(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const format = parsed.text("format") ?? "table";
  const builders = buildersFor(parsed);
  const current = await builders.current().catch((error) => {
    // The list shows what is wrong with it.
    if (error instanceof BuilderError) return undefined;
    throw error;
  });
  const list = await builders.list();
  const shown = await Promise.all(
    list.flatMap((builder) =>
      builder instanceof BuilderError
        ? []
        : showBuilder(builders, builder, current?.name, signal)
    ),
  );
  const broken = list.filter((each) => each instanceof BuilderError)
    .map((error) => ({ name: error.builder, error }));
  const isTable = /^table(?:\s|$)/.test(format);
  if (format === "json") {
    for (const each of shown) print(goJson(builderJson(each)));
  } else {
    const isWhole = parsed.switched("no-trunc");
    printText(buildersText(shown, broken, { format, isWhole }));
  }
  const wrong = failures(shown, broken);
  if (!isTable) {
    for (const { error } of broken) {
      print(printable(error.message), Deno.stderr);
    }
  } else if (wrong.length > 0) {
    for (const line of ["", ...wrong]) print(line, Deno.stderr);
  }
  return EXIT_OK;
}

import { addressNodes } from "../builder/buildx_nodes.ts";
import { showBuilder } from "./builder_ls.ts";
import { inspection } from "./builder_text.ts";
import { builderAskedFor, builderFor, buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";

/** Runs `davit builder inspect`. */
export async function runBuilderInspect(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const builders = buildersFor(parsed);
  const name = builderAskedFor(parsed, parsed.words[0]);
  const builder = await builderFor(builders, name);
  if (parsed.switched("bootstrap") && builder.driver !== "docker") {
    const { host } = await builders.engine();
    const tell = (what: string) => print(what, Deno.stderr);
    await addressNodes(builder, { host, tell, signal });
  }
  const shown = await showBuilder(builders, builder, undefined, signal);
  for (const line of inspection(shown)) print(line);
  return EXIT_OK;
}

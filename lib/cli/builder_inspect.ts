import { addressNodes } from "../builder/buildx_nodes.ts";
import type { BuildxBuilders } from "../buildx/builders.ts";
import type { BuildxInstance } from "../buildx/instance.ts";
import { inspection } from "./builder_inspect_text.ts";
import { builderAskedFor } from "./build_builder.ts";
import { builderFor, buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";
import { showBuilder } from "./shown_builder.ts";

/**
 * Starts what a builder runs in containers, and waits until all of its nodes can
 * be used.
 *
 * @throws {BuilderError} If one is not there.
 * @throws {ConnectionError} If one does not answer.
 */
export async function bootstrap(
  builders: BuildxBuilders,
  builder: BuildxInstance,
  signal: AbortSignal,
): Promise<void> {
  const { host } = await builders.engine();
  await addressNodes(builder, {
    host,
    tell: (what) => print(what, Deno.stderr),
    signal,
    // A daemon somewhere else is waited for as one that was just started.
    isStarting: builder.driver === "remote",
  });
}

/** Runs `davit builder inspect`. */
export async function runBuilderInspect(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const builders = buildersFor(parsed);
  const name = builderAskedFor(parsed, parsed.words[0]);
  const builder = await builderFor(builders, name);
  if (parsed.switched("bootstrap") && builder.driver !== "docker") {
    await bootstrap(builders, builder, signal);
  }
  const shown = await showBuilder(builders, builder, undefined, signal);
  for (const line of inspection(shown)) print(line);
  return EXIT_OK;
}

import type { Builder } from "../builder/builder.ts";
import type { DockerClient } from "../client/docker_client.ts";
import type { ChosenBuilder } from "./build_builder.ts";
import type { ParsedWords } from "./flag.ts";
import { openClient } from "./open_client.ts";
import { print } from "./print.ts";
import { silenceTeller } from "./silence.ts";
import { loadModule } from "./load_module.ts";

/**
 * Opens what builds: the builder that was chosen, or the engine of the flags.
 *
 * @param chosen undefined for that engine.
 * @throws {BuilderError} If the builder's daemon is not there.
 */
export async function openBuilderFor(
  chosen: ChosenBuilder | undefined,
  parsed: ParsedWords,
  signal: AbortSignal,
): Promise<DockerClient | Builder> {
  if (chosen === undefined) return await openClient(parsed);
  const { openListed } = await loadModule<
    typeof import("../builder/open_listed.ts")
  >("../builder/open_listed.ts");
  const tell = (what: string) => print(what, Deno.stderr);
  return await openListed(
    chosen.builders,
    chosen.builder,
    { dockerConfig: true },
    { tell, onSilence: silenceTeller(parsed), signal },
  );
}

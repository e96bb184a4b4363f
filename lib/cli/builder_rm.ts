import { BuilderError } from "../buildx/builder_error.ts";
import type { BuildxBuilders, ListedBuilder } from "../buildx/builders.ts";
import { removeNode } from "../buildx/container.ts";
import { closeEngine, engineOf } from "../buildx/reach.ts";
import { builderAskedFor, buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_FAILED, EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";

/** What of a builder stays. */
interface Kept {
  readonly daemon: boolean;
  readonly state: boolean;
  readonly signal: AbortSignal;
}

/** Runs `davit builder rm`. */
export async function runBuilderRm(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const builders = buildersFor(parsed);
  const kept = {
    daemon: parsed.switched("keep-daemon"),
    state: parsed.switched("keep-state"),
    signal,
  };
  const asked = builderAskedFor(parsed);
  const names = parsed.words.length > 0
    ? parsed.words
    : [asked ?? (await builders.current()).name];
  let code = EXIT_OK;
  for (const name of names) {
    try {
      await remove(builders, name, kept);
      print(`${name} removed`, Deno.stderr);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      print(`failed to remove ${name}: ${error.message}`, Deno.stderr);
      code = EXIT_FAILED;
    }
  }
  return code;
}

/** Removes a builder; its files go also if its containers can't be removed. */
async function remove(
  builders: BuildxBuilders,
  name: string,
  kept: Kept,
): Promise<void> {
  const { store } = builders;
  let builder: ListedBuilder;
  try {
    builder = await builders.named(name);
  } catch (error) {
    // A broken file is what it takes to remove.
    if (!(error instanceof BuilderError) || !await isStored(builders, name)) {
      throw error;
    }
    return await store.edit((edit) => edit.remove(name));
  }
  if (builder.isContext) {
    throw new BuilderError(
      name,
      `context builder cannot be removed, run \`docker context rm ${name}\` to remove this context`,
    );
  }
  const runs = builder.driver === "kubernetes";
  if (runs && !kept.daemon) {
    throw new BuilderError(
      name,
      `its pods run in a cluster: "docker buildx rm ${name}" removes them, too; --keep-daemon leaves them`,
    );
  }
  let failure: unknown;
  if (builder.driver === "docker-container" && !kept.daemon) {
    const { host } = await builders.engine();
    for (const node of builder.nodes) {
      try {
        const engine = await engineOf(node, { host });
        try {
          await removeNode(engine, node, kept.state, kept.signal);
        } finally {
          await closeEngine(engine);
        }
      } catch (error) {
        kept.signal.throwIfAborted();
        failure ??= error;
      }
    }
  }
  await store.edit((edit) => edit.remove(name));
  if (failure !== undefined) throw failure;
}

async function isStored(
  { store }: BuildxBuilders,
  name: string,
): Promise<boolean> {
  return (await store.names()).includes(name.toLowerCase());
}

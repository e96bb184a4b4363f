import { printable } from "../display/printable.ts";
import { BuilderError } from "../buildx/builder_error.ts";
import type { BuildxBuilders, ListedBuilder } from "../buildx/builders.ts";
import { removeNode } from "../buildx/container.ts";
import { closeEngine, engineOf } from "../buildx/reach.ts";
import { builderAskedFor } from "./build_builder.ts";
import { buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { confirm } from "./confirm.ts";
import { EXIT_FAILED, EXIT_OK, UsageError } from "./exit.ts";
import { print } from "./print.ts";
import { showBuilder } from "./shown_builder.ts";

/** What of a builder stays. */
interface Kept {
  readonly daemon: boolean;
  readonly state: boolean;
  readonly signal: AbortSignal;
}

/** The question before all builders are removed that do not run. */
const QUESTION =
  "WARNING! This will remove all builders that are not in running state. Are you sure you want to continue?";

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
  const isAll = parsed.switched("all-inactive");
  if (isAll && parsed.words.length > 0) {
    throw new UsageError(
      "cannot specify builder name when --all-inactive is set",
    );
  }
  if (isAll && !parsed.switched("force") && !await confirm(QUESTION, signal)) {
    return EXIT_OK;
  }
  const names = isAll
    ? await inactive(builders, signal)
    : parsed.words.length > 0
    ? parsed.words
    : [builderAskedFor(parsed) ?? (await builders.current()).name];
  let isFailed = false;
  for (const name of names) {
    try {
      await remove(builders, name, kept);
      print(`${name} removed`, Deno.stderr);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      const why = printable(error.message);
      print(`failed to remove ${name}: ${why}`, Deno.stderr);
      isFailed = true;
    }
  }
  if (!isFailed) return EXIT_OK;
  print("ERROR: failed to remove one or more builders", Deno.stderr);
  return EXIT_FAILED;
}

/**
 * The builders of which no node runs. Those whose nodes a cluster decides on
 * stay, and those whose file is broken: nobody knows what they run.
 */
async function inactive(
  builders: BuildxBuilders,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await Promise.all(
    (await builders.list()).map(async (builder) => {
      if (builder instanceof BuilderError || builder.isContext) return [];
      const { builder: { name, dynamic }, states } = await showBuilder(
        builders,
        builder,
        undefined,
        signal,
      );
      const isStill = !dynamic &&
        states.every(({ status, error }) =>
          status !== "running" && error === undefined
        );
      return isStill ? [name] : [];
    }),
  );
  return found.flat();
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
  if (failure === undefined) return;
  const why = failure instanceof Error ? failure.message : `${failure}`;
  throw new BuilderError(
    name,
    `its file is gone, but a container of it may be left: ${why}`,
    { cause: failure },
  );
}

async function isStored(
  { store }: BuildxBuilders,
  name: string,
): Promise<boolean> {
  return (await store.names()).includes(name.toLowerCase());
}

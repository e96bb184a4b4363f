import { isDefaultContext } from "../transport/docker_config.ts";
import { buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";

/** Runs `davit builder use`. */
export async function runBuilderUse(
  { parsed }: CommandContext,
): Promise<number> {
  const builders = buildersFor(parsed);
  const [name = ""] = parsed.words;
  const { key, context } = await builders.engine();
  const builder = await builders.named(name);
  if (builder.isContext && builder.name !== context) {
    throw new UsageError(
      isDefaultContext(name)
        ? "run `docker context use default` to switch to default context"
        : `run \`docker context use ${name}\` to switch to context ${name}`,
    );
  }
  // An engine that builds itself is no builder of the files.
  const chosen = builder.isContext ? "" : name;
  await builders.store.edit((edit) =>
    edit.choose(
      key,
      chosen,
      !builder.isContext && parsed.switched("global"),
      !builder.isContext && parsed.switched("default"),
    )
  );
  return EXIT_OK;
}

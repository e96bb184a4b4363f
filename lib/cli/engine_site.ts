// `davit build` with an engine.

import type { DockerClient } from "../client/docker_client.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import { buildAll, buildsTwice } from "./build_all.ts";
import type { BuildSite, SiteInit } from "./build_site.ts";
import { withDefaults } from "./buildx_defaults.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import type { OutputPlan } from "./output_flag.ts";
import type { ProgressMode } from "./progress_mode.ts";
import { loadModule } from "./load_module.ts";

/**
 * Prepares a build by an engine.
 *
 * @param docker Is closed with the site.
 * @throws {UsageError} If the engine can't do what the flags ask for.
 */
export async function engineSite(
  docker: DockerClient,
  parsed: ParsedWords,
  plan: OutputPlan,
  { options, metadata, watching, loadRun, signal }: SiteInit,
): Promise<BuildSite> {
  await using stack = new AsyncDisposableStack();
  stack.use(docker);
  if (plan.outputs.some(({ type }) => type === "moby")) {
    await checkStore(docker, signal);
  }
  const twice = plan.alsoImage &&
    buildsTwice(plan, options.api, await docker.ping({ signal }));
  if (twice) checkOnce(parsed);
  const settled = await withDefaults(docker, {
    options,
    plan,
    metadata,
    watching,
    meanwhile: loadRun,
  }, signal);
  const whole = stack.move();
  return {
    options: settled,
    docker,
    node: undefined,
    async build(options, run, { shown, signal }) {
      const result = await buildAll(
        twice,
        plan,
        options,
        (options) => run(docker, options),
      );
      const [pushed] = plan.push
        ? await push(docker, result, signal, shown)
        : [];
      return { result, pushed };
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Pushes all names of an image and returns their digests. */
async function push(
  docker: DockerClient,
  { names }: BuildResult,
  signal: AbortSignal,
  shown: ProgressMode,
): Promise<string[]> {
  const { pushAll } = await loadModule<typeof import("./push_command.ts")>(
    "./push_command.ts",
  );
  const { transferTeller } = await loadModule<
    typeof import("./tell_transfer.ts")
  >("./tell_transfer.ts");
  const tell = transferTeller(shown === "quiet");
  return await pushAll(docker, names, { signal, tell });
}

/**
 * Refuses a second build of an input that can be read only once: standard
 * input.
 */
function checkOnce(parsed: ParsedWords): void {
  if (parsed.words[0] !== "-" && parsed.text("file") !== "-") return;
  throw new UsageError(
    "--load or --push beside another --output build twice with this engine: standard input can be read once",
  );
}

/**
 * Checks that the engine has the containerd image store: only that store reads
 * the attributes of an output.
 *
 * @throws {UsageError} If the engine has another store.
 */
async function checkStore(
  docker: DockerClient,
  signal: AbortSignal,
): Promise<void> {
  const { isContainerdStore } = await loadModule<
    typeof import("../engine/info.ts")
  >("../engine/info.ts");
  if (isContainerdStore(await docker.info({ signal }))) return;
  throw new UsageError(
    "--output of an image takes a name and push here: only engines with the containerd image store know its other fields",
  );
}

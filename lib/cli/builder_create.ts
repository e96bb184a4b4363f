import { addressNodes } from "../builder/buildx_nodes.ts";
import { BuilderError } from "../buildx/builder_error.ts";
import type { BuildxBuilders } from "../buildx/builders.ts";
import {
  containerStatus,
  createNode,
  removeNode,
} from "../buildx/container.ts";
import {
  createBuilder,
  type Created,
  type CreateRequest,
  leaveBuilder,
} from "../buildx/create.ts";
import type { BuildxInstance, BuildxNode } from "../buildx/instance.ts";
import { closeEngine, engineOf } from "../buildx/reach.ts";
import { splitWords } from "../buildx/words.ts";
import { DockerClient } from "../client/docker_client.ts";
import { contextNames } from "../transport/context_names.ts";
import { withScheme } from "../transport/endpoint.ts";
import { bootstrap } from "./builder_inspect.ts";
import { buildersFor } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { csvRow } from "./fields.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";
import { loadModule } from "./load_module.ts";

/** What a name that nobody gave begins with. */
const NAME_START = "builder-";

/** Runs `davit builder create`. */
export async function runBuilderCreate(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const builders = buildersFor(parsed);
  if (parsed.switched("leave")) {
    await leave(builders, parsed);
    return EXIT_OK;
  }
  const request = await requestOf(builders, parsed);
  const { store } = builders;
  let existing: BuildxInstance | undefined;
  const created = await store.edit(async (edit) => {
    existing = await store.find(request.name);
    const created = createBuilder(request, existing);
    await edit.save(created.instance);
    return created;
  });
  const { instance } = created;
  if (created.isChange) {
    print(
      "WARNING: new settings may not be used until builder is restarted",
      Deno.stderr,
    );
  }
  try {
    await boot(builders, created, signal);
  } catch (error) {
    const before = existing;
    await store.edit(async (edit) => {
      await (before === undefined
        ? edit.remove(instance.name)
        : edit.save(before));
    });
    throw error;
  }
  if (parsed.switched("use")) {
    const { key } = await builders.engine();
    await store.edit((edit) => edit.choose(key, instance.name, false, false));
  }
  if (parsed.switched("bootstrap") && instance.driver === "remote") {
    await bootstrap(builders, instance, signal);
  }
  print(instance.name);
  return EXIT_OK;
}

async function leave(
  { store }: BuildxBuilders,
  parsed: ParsedWords,
): Promise<void> {
  const name = parsed.text("name");
  const node = parsed.text("node");
  if (name === undefined) throw new UsageError("leave requires instance name");
  if (node === undefined) throw new UsageError("leave requires node name");
  await store.edit(async (edit) => {
    const existing = await store.find(name);
    if (existing === undefined) {
      throw new BuilderError(
        name,
        `failed to find instance "${name}" for leave`,
      );
    }
    await edit.save(leaveBuilder(existing, node));
  });
}

/** What the flags ask for. */
async function requestOf(
  builders: BuildxBuilders,
  parsed: ParsedWords,
): Promise<CreateRequest> {
  const append = parsed.switched("append");
  const given = parsed.text("name");
  if (given === "default") {
    throw new UsageError(
      "default is a reserved name and cannot be used to identify builder instance",
    );
  }
  if (append && given === undefined) {
    throw new UsageError("append requires a builder name");
  }
  const name = given ?? `${NAME_START}${crypto.randomUUID().slice(0, 8)}`;
  const contexts = await contextNames();
  if (!append && contexts.includes(name)) {
    throw new UsageError(
      `instance name "${name}" already exists as context builder`,
    );
  }
  const words = parsed.text("buildkitd-flags");
  const flags = words === undefined ? undefined : splitWords(words);
  if (words !== undefined && flags === undefined) {
    throw new UsageError("--buildkitd-flags has a quote that is not closed");
  }
  const options = parsed.list("driver-opt").flatMap(driverOptions);
  const path = parsed.text("buildkitd-config") ?? parsed.text("config") ??
    await defaultConfig(builders);
  const { key } = await builders.engine();
  const driver = parsed.text("driver");
  const endpoint = parsed.words[0];
  return {
    name,
    append,
    ownEngine: key,
    node: parsed.text("node"),
    driver,
    endpoint: endpoint === undefined || contexts.includes(endpoint)
      ? endpoint
      : withScheme(endpoint),
    buildkitHost: Deno.env.get("BUILDKIT_HOST") || undefined,
    platforms: parsed.list("platform"),
    driverOpts: options.length === 0 ? undefined : Object.fromEntries(options),
    flags,
    ...(path === undefined
      ? {}
      : await (await loadModule<typeof import("../buildx/config_file.ts")>(
        "../buildx/config_file.ts",
      )).readConfig(path)),
  };
}

/** The options in one value; the letters of a variable's name count. */
function driverOptions(word: string): [name: string, value: string][] {
  return csvRow("--driver-opt", word).map((field) => {
    const cut = field.indexOf("=");
    if (cut > 0) return [field.slice(0, cut), field.slice(cut + 1)];
    throw new UsageError("--driver-opt: expected NAME=VALUE");
  });
}

/** The configuration that counts where none is named, if it is there. */
async function defaultConfig(
  { store }: BuildxBuilders,
): Promise<string | undefined> {
  const path = `${store.folder}/buildkitd.default.toml`;
  try {
    await Deno.stat(path);
    return path;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Starts the daemons that buildx runs in containers; one that is missing is made. */
async function boot(
  builders: BuildxBuilders,
  { instance, node: name }: Created,
  signal: AbortSignal,
): Promise<void> {
  if (instance.driver !== "docker-container") return;
  const node = instance.nodes.find((each) => each.name === name)!;
  const { host } = await builders.engine();
  const tell = (what: string) => print(what, Deno.stderr);
  const engine = await engineOf(node, { host });
  let isNew = false;
  try {
    isNew = await containerStatus(engine, node, signal) === "inactive";
    if (isNew) {
      const pull = (image: string) => pullImage(node, host, image, signal);
      await createNode(engine, node, { pull, tell, signal });
    }
    const alone = { ...instance, nodes: [node] };
    await addressNodes(alone, { host, tell, signal, isStarting: isNew });
  } catch (error) {
    // Without its builder nobody would find it.
    if (isNew) await removeNode(engine, node, false);
    throw error;
  } finally {
    await closeEngine(engine);
  }
}

async function pullImage(
  { endpoint }: BuildxNode,
  host: string | undefined,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  const options = { dockerConfig: true };
  const isContext = (await contextNames()).includes(endpoint);
  await using docker = isContext
    ? host !== undefined && endpoint === "default"
      ? await DockerClient.fromDockerHost(host, options)
      : await DockerClient.fromDockerContext(endpoint, options)
    : await DockerClient.fromDockerHost(endpoint, options);
  await docker.imagePull(image, { signal }).wait();
}

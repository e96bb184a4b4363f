import { importBaseImage } from "./base_image.ts";
import { type PrivateEngine, startEngine } from "./engine.ts";
import {
  connectEngine,
  type EngineApi,
  readEngineVersion,
  socketPathOf,
} from "./engine_api.ts";
import type { EngineOptions } from "./engine.ts";

/** One engine of the environment variable `DAVIT_ENGINES`, a JSON array of these. */
export interface EngineDescription {
  /** The engine's version and its kind of store, for the names of tests. */
  readonly name: string;
  /** Its major version. */
  readonly generation: string;
  /** Whether it keeps images in containerd's store. */
  readonly containerdStore: boolean;
  /** `unix://` and the path of its socket. */
  readonly host: string;
  /** Path of its docker client; absent if a user's engine comes without one. */
  readonly cli?: string;
  /** Environment in which the client talks to it. */
  readonly cliEnv: Record<string, string>;
}

/** Engines with the base image on them, ready for a child program. */
export interface TestEngines extends AsyncDisposable {
  readonly engines: readonly EngineDescription[];
  /** One line for each, with the versions of its Debian packages. */
  readonly log: readonly string[];
}

/** The environment that tells a child program of these engines. */
export function enginesEnvironment(
  engines: readonly EngineDescription[],
): Record<string, string> {
  return { DAVIT_ENGINES: JSON.stringify(engines) };
}

/** Starts engines side by side; if one fails, the others are stopped again. */
export async function startTestEngines(
  options: readonly EngineOptions[],
): Promise<TestEngines> {
  const started = await Promise.allSettled(options.map(startWithBaseImage));
  const running = started.flatMap((one) =>
    one.status === "fulfilled" ? [one.value] : []
  );
  const stop = async () => {
    await Promise.all(running.map((engine) => engine.stop()));
  };
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return {
    engines: running.map((engine) => {
      const { generation, containerdStore, host, cli, cliEnv } = engine;
      const name = nameOf(engine.engineVersion, containerdStore);
      return { name, generation, containerdStore, host, cli, cliEnv };
    }),
    log: running.map(({ engineVersion, containerdStore, packages }) =>
      `engine ${nameOf(engineVersion, containerdStore)} from Debian: ${
        packages.join(", ")
      }`
    ),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Prepares an engine that the user runs; it is not stopped afterwards.
 *
 * @throws {Error} If nothing answers at `host`.
 */
export async function useTestEngine(host: string): Promise<TestEngines> {
  using api = connectEngine(socketPathOf(host));
  const version = await readEngineVersion(api).catch((cause) => {
    throw new Error(
      `Cannot use the engine of DAVIT_TEST_HOST: no answer at "${host}"`,
      { cause },
    );
  });
  await importBaseImage(host);
  const cli = await findClient();
  const containerdStore = await hasContainerdStore(api);
  return {
    engines: [{
      name: nameOf(version, containerdStore),
      generation: version.replace(/\..*$/, ""),
      containerdStore,
      host,
      ...(cli === undefined ? {} : { cli }),
      cliEnv: { DOCKER_HOST: host, DOCKER_BUILDKIT: "1" },
    }],
    log: [`engine ${version} of DAVIT_TEST_HOST at ${host}`],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function nameOf(version: string, containerdStore: boolean): string {
  return containerdStore ? `${version} containerd` : version;
}

async function hasContainerdStore(api: EngineApi): Promise<boolean> {
  const response = await api.request("/info");
  const { DriverStatus } = await response.json();
  return JSON.stringify(DriverStatus ?? []).includes("containerd.snapshotter");
}

async function startWithBaseImage(
  options: EngineOptions,
): Promise<PrivateEngine> {
  const engine = await startEngine(options);
  try {
    await importBaseImage(engine.host);
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function findClient(): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/docker`;
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) {
      return path;
    }
  }
  return undefined;
}

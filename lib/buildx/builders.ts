// The builders that docker's command knows: those with a file, and each docker
// context, whose engine builds itself (buildx, `storeutil`).

import { isDefaultContext, namedEngine } from "../transport/docker_config.ts";
import { withScheme } from "../transport/endpoint.ts";
import type { Environment } from "../transport/environment.ts";
import { BuilderError } from "./builder_error.ts";
import type { BuildxInstance } from "./instance.ts";
import { isBuilderName } from "./name.ts";
import { buildxFolder } from "./folder.ts";
import { BuildxStore } from "./store.ts";

/** What docker's command takes for the engine if nothing names one. */
const DEFAULT_ENGINE = "unix:///var/run/docker.sock";

/** A builder as docker's command lists it. */
export interface ListedBuilder extends BuildxInstance {
  /** Whether it is a docker context, without a file of its own. */
  readonly isContext: boolean;
  /** When it was used last; undefined if that is not known. */
  readonly lastActivity: Date | undefined;
}

/** The engine that docker's command would use, for the choice of a builder. */
export interface ChosenEngineName {
  /** The docker context; `default` where an address or nothing names the engine. */
  readonly context: string;
  /** By which a choice is noted: the context, or the address of the default one. */
  readonly key: string;
  /** The address of the default context's engine, where a setting names it. */
  readonly host?: string;
}

/** Finds builders in the files of docker's command. */
export class BuildxBuilders {
  /** The files. */
  readonly store: BuildxStore;
  readonly #env: Environment;
  readonly #engine: ChosenEngineName | undefined;

  /**
   * @param env Names the folders and the engine.
   * @param engine The engine, where flags name it and not the environment.
   */
  constructor(env: Environment = Deno.env, engine?: ChosenEngineName) {
    this.#env = env;
    this.#engine = engine;
    this.store = new BuildxStore(buildxFolder(env));
  }

  /** The engine that a choice is for. */
  async engine(): Promise<ChosenEngineName> {
    return this.#engine ?? await engineName(this.#env);
  }

  /**
   * The builder of a name: one with a file, or a docker context.
   *
   * @throws {BuilderError} If there is neither, or the file is broken.
   */
  async named(name: string): Promise<ListedBuilder> {
    const instance = isBuilderName(name)
      ? await this.store.find(name)
      : undefined;
    if (instance !== undefined) return await this.#stored(instance);
    const contexts = await this.#contextNames();
    if (contexts.includes(name)) return await this.#ofContext(name);
    throw new BuilderError(
      name,
      `No builder ${
        JSON.stringify(name)
      }: neither a file in "${this.store.folder}/instances" nor a docker context has this name; "davit builder ls" shows those that there are`,
    );
  }

  /**
   * The builder with a file that is chosen: by `docker buildx use`, or because it
   * has the name of the context.
   *
   * @returns undefined if none is, and the engine builds itself.
   */
  async chosen(): Promise<ListedBuilder | undefined> {
    const { key, context } = await this.engine();
    const name = await this.store.chosen(key) ?? context;
    const instance = isBuilderName(name)
      ? await this.store.find(name)
      : undefined;
    return instance && await this.#stored(instance);
  }

  /** The builder that is chosen, or else the engine itself. */
  async current(): Promise<ListedBuilder> {
    return await this.chosen() ??
      await this.named((await this.engine()).context);
  }

  /**
   * All builders: those with files first, each in the order of names. One that
   * can't be read is its error.
   */
  async list(): Promise<(ListedBuilder | BuilderError)[]> {
    const names = await this.store.names();
    const contexts = (await this.#contextNames()).sort()
      .filter((name) => !names.includes(name));
    return await Promise.all(
      [...names, ...contexts].map((name) =>
        // A file of a name that no builder can have is said to be that.
        (isBuilderName(name) || contexts.includes(name)
          ? this.named(name)
          : this.store.find(name).then(() => this.named(name))).catch(
            (error) => {
              if (error instanceof BuilderError) return error;
              throw error;
            },
          )
      ),
    );
  }

  async #contextNames(): Promise<string[]> {
    const { contextNames } = await import("../transport/context_names.ts");
    return await contextNames(this.#env);
  }

  async #stored(instance: BuildxInstance): Promise<ListedBuilder> {
    const lastActivity = await this.store.lastActivity(instance.name);
    return { ...instance, isContext: false, lastActivity };
  }

  async #ofContext(name: string): Promise<ListedBuilder> {
    return {
      name,
      driver: "docker",
      nodes: [{
        name,
        endpoint: name,
        platforms: undefined,
        driverOpts: undefined,
        flags: undefined,
        files: undefined,
      }],
      dynamic: false,
      isContext: true,
      lastActivity: await this.store.lastActivity(name),
    };
  }
}

/** The engine that a setting names, as docker's command calls it. */
export async function engineName(
  env: Environment = Deno.env,
): Promise<ChosenEngineName> {
  const named = await namedEngine(env);
  switch (named.by) {
    case "DOCKER_HOST":
      return engineAt(named.host, env);
    case "nothing":
      return { context: "default", key: DEFAULT_ENGINE };
    default:
      return engineOfContext(named.context);
  }
}

/** An engine by its address. */
export function engineAt(
  host: string,
  env: Environment = Deno.env,
): ChosenEngineName {
  const address = withScheme(host);
  // docker's command writes the port of TCP out.
  const port = env.get("DOCKER_TLS_VERIFY") ? 2376 : 2375;
  const key = /^tcp:\/\/[^/:]+$/.test(address) ? `${address}:${port}` : address;
  return { context: "default", key, host };
}

/** An engine by its docker context. */
export function engineOfContext(context: string): ChosenEngineName {
  const key = isDefaultContext(context) ? DEFAULT_ENGINE : context;
  return { context, key };
}

import { advised } from "../advice.ts";
import { pathOfUrl } from "../file_url.ts";
import { AskedNames } from "../secrets/asked_names.ts";
import { Secret } from "../secrets/secret.ts";
import type { SshAgent } from "./agent.ts";
import {
  DEFAULT_ID,
  type SshKey,
  type SshOption,
  type SshSource,
  sshSources,
} from "./option.ts";
import { PrivateKeyError } from "./private_key_error.ts";
import { reasonOf, SocketAgent } from "./socket_agent.ts";
import { SshError } from "./ssh_error.ts";

/** The largest file that is read as a private key, in bytes. */
const MAX_KEY_BYTES: number = 100 * 1024;

/** What {@linkcode SshAgents} needs besides the option. */
export interface SshAgentsOptions {
  /**
   * The environment, for `SSH_AUTH_SOCK`.
   *
   * @default {Deno.env}
   */
  readonly env?: { get(name: string): string | undefined };
  /** Ends the reading of keys, because nobody may ever write to a FIFO. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of the ssh ids of a build. */
export interface SshReport {
  /** Given, and used by a step. */
  readonly used: readonly string[];
  /** Asked for, and not given. */
  readonly missing: readonly string[];
  /** Given, and not asked for. */
  readonly unasked: readonly string[];
}

/** The ssh agents of one build. */
export class SshAgents {
  readonly #agents: ReadonlyMap<string, SshAgent>;
  readonly #used = new AskedNames();
  readonly #missing = new AskedNames();
  /** Called with each id that is asked for, once. */
  onUse: ((id: string, state: "used" | "missing") => void) | undefined;

  private constructor(agents: ReadonlyMap<string, SshAgent>) {
    this.#agents = agents;
  }

  /**
   * Opens every source: checks that sockets answer, and reads keys.
   *
   * @throws {TypeError} If the option has another form.
   * @throws {SshError} If an agent can't be reached, or a key can't be used.
   */
  static async open(
    option: SshOption | undefined,
    options: SshAgentsOptions = {},
  ): Promise<SshAgents> {
    const agents = new Map<string, SshAgent>();
    for (const [id, source] of sshSources(option ?? {})) {
      const agent = await openAgent(id, source, options);
      // Connects once now, so that an agent that does not answer is found
      // before the build.
      (await agent.connect()).close();
      agents.set(id, agent);
    }
    return new SshAgents(agents);
  }

  /** How many ids were given. */
  get size(): number {
    return this.#agents.size;
  }

  /**
   * The agent for mounts with this id, if there is one; an empty id means
   * `default`.
   */
  get(id: string): SshAgent | undefined {
    const name = id === "" ? DEFAULT_ID : id;
    const agent = this.#agents.get(name);
    const state = agent === undefined ? "missing" : "used";
    const known = state === "used" ? this.#used : this.#missing;
    if (known.add(name)) this.onUse?.(name, state);
    return agent;
  }

  /** Which ids were used, missing and not asked for so far. */
  report(): SshReport {
    return {
      used: [...this.#used],
      missing: [...this.#missing],
      unasked: [...this.#agents.keys()].filter((id) => !this.#used.has(id)),
    };
  }
}

async function openAgent(
  id: string,
  source: SshSource,
  { env = Deno.env, signal }: SshAgentsOptions,
): Promise<SshAgent> {
  if (source === true) return new SocketAgent(id, socketOf(id, env));
  if (typeof source === "string") {
    return await openPaths(id, source.split(","), signal);
  }
  if ("socket" in source) return new SocketAgent(id, pathOf(source.socket));
  return await openKeys(id, source.keys, signal);
}

function socketOf(
  id: string,
  env: { get(name: string): string | undefined },
): string {
  let path: string | undefined;
  try {
    path = env.get("SSH_AUTH_SOCK");
  } catch (cause) {
    throw new SshError(
      id,
      `Cannot find the ssh agent for id "${id}": no permission to read SSH_AUTH_SOCK; run with --allow-env=SSH_AUTH_SOCK, or name a socket`,
      { cause },
    );
  }
  if (path !== undefined && path !== "") return path;
  throw advised(
    (message) => new SshError(id, message),
    "ssh-agent",
    `Cannot find the ssh agent for id "${id}": SSH_AUTH_SOCK is not set`,
  );
}

/**
 * Opens paths as docker's `--ssh` does: either one socket, or any number of key
 * files.
 */
async function openPaths(
  id: string,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<SshAgent> {
  for (const path of paths) {
    let isSocket: boolean | null;
    try {
      ({ isSocket } = await Deno.stat(path));
    } catch (cause) {
      throw cannotUse(id, path, reasonOf(cause, path), cause);
    }
    if (!isSocket) continue;
    if (paths.length === 1) return new SocketAgent(id, path);
    throw cannotUse(
      id,
      path,
      "it is a socket, and an id has one socket or any number of keys",
    );
  }
  return await openKeys(id, paths, signal);
}

async function openKeys(
  id: string,
  keys: readonly SshKey[],
  signal: AbortSignal | undefined,
): Promise<SshAgent> {
  // Loaded only for builds that give keys.
  const { KeyAgent } = await import("./key_agent.ts");
  const { readPrivateKey } = await import("./private_key.ts");
  const read = [];
  for (const [index, key] of keys.entries()) {
    const { name, bytes } = await contentOf(id, key, index, signal);
    try {
      read.push(await readPrivateKey(bytes));
    } catch (cause) {
      if (!(cause instanceof PrivateKeyError)) throw cause;
      throw cannotUse(id, name, cause.message, cause);
    }
  }
  return new KeyAgent(read);
}

/** A key's bytes, and its name for errors. */
async function contentOf(
  id: string,
  key: SshKey,
  index: number,
  signal: AbortSignal | undefined,
): Promise<{ name: string; bytes: Uint8Array }> {
  if (key instanceof Uint8Array || key instanceof Secret) {
    const bytes = key instanceof Secret ? key.reveal() : key;
    return { name: `key ${index + 1}`, bytes };
  }
  const name = pathOf(key);
  try {
    const { size } = await Deno.stat(name);
    if (size > MAX_KEY_BYTES) {
      throw cannotUse(id, name, `it has ${size} bytes: too large for a key`);
    }
    return {
      name,
      bytes: await Deno.readFile(name, signal === undefined ? {} : { signal }),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof SshError) throw cause;
    throw cannotUse(id, name, reasonOf(cause, name), cause);
  }
}

function pathOf(path: string | URL): string {
  return path instanceof URL ? pathOfUrl(path) : path;
}

function cannotUse(
  id: string,
  name: string,
  why: string,
  cause?: unknown,
): SshError {
  return new SshError(
    id,
    `Cannot use ${name} for ssh id "${id}": ${why}`,
    cause === undefined ? {} : { cause },
  );
}

import { checkMachine } from "../engines/apt.ts";
import {
  claimDirectory,
  cleanUp,
  ENGINE_PREFIX,
  ENGINES_ROOT,
  sweep,
} from "../engines/clean_up.ts";
import { readTextIfThere } from "../engines/command.ts";
import { mountMemory } from "../engines/memory.ts";
import { hostPrograms } from "../engines/packages.ts";
import { delay, findProcess, waitForExit } from "../engines/process.ts";
import {
  type Authority,
  type Certificate,
  makeAuthority,
} from "../support/certificates.ts";
import { startBaseRegistry } from "./base_registry.ts";
import { type BuildkitPrograms, buildkitPrograms } from "./build.ts";

/** Which daemon to start. */
export interface BuildkitdOptions {
  /**
   * Listen on a TCP port of 127.0.0.1, too: `plain`, or by TLS, which lets in
   * only clients with a certificate. With `true` the daemon's certificates come
   * from an authority of its own.
   */
  readonly tcp?: "plain" | true | ServerCertificates;
  /** Platforms that it says it runs, such as `linux/arm64`; this machine's unless given. */
  readonly platforms?: readonly string[];
  /** Entitlements that builds may ask for; `network.host` unless given. */
  readonly entitlements?: readonly string[];
  /** How registries are spoken to, by `host:port`: one at 127.0.0.1 without TLS needs no entry. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** `overlayfs` unless given. */
  readonly snapshotter?: "overlayfs" | "native";
  /** Keep all that it stores in memory, at most so many bytes: the disk is not measured. */
  readonly memoryBytes?: number;
  /** Gives up the start when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The server's side of mTLS, all PEM. */
export interface ServerCertificates extends Certificate {
  /** The authority of clients' certificates. */
  readonly ca: string;
}

/** How a daemon speaks to a registry. */
export interface RegistrySettings {
  readonly http?: boolean;
  /** TLS with any certificate. */
  readonly insecure?: boolean;
  /** Files with the authorities of its certificate. */
  readonly ca?: readonly string[];
}

/** A running buildkitd with everything of its own; who starts it stops it. */
export interface PrivateBuildkitd extends AsyncDisposable {
  /** `unix://` and {@link socketPath}. */
  readonly address: string;
  readonly socketPath: string;
  /** `tcp://127.0.0.1:port`, if it was asked for. */
  readonly tcpAddress: string;
  /** What a client needs for {@link tcpAddress}, PEM; only with `tcp: true`. */
  readonly tls: { readonly ca: string } & Certificate;
  /** Issues more certificates that the daemon takes; only with `tcp: true`. */
  readonly authority: Authority;
  /** Holds all that the daemon writes; its name is also the cgroup of its steps. */
  readonly directory: string;
  /** Process id of buildkitd, of its last start. */
  readonly pid: number;
  /** Path of BuildKit's own client. */
  readonly buildctl: string;
  /** The Debian packages it was built from, as `name version`. */
  readonly packages: readonly string[];
  /** Kills buildkitd alone, as a crash would; {@link stop} still cleans up. */
  kill(): Promise<void>;
  /** Starts it again after {@link kill}, with what it stored, at the same addresses. */
  start(): Promise<void>;
  /** All that it logged so far. */
  logs(): Promise<string>;
  /** Ends it and leaves nothing of it; calling it again waits for the first call. */
  stop(): Promise<void>;
}

const SYSTEM_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const OWN_PLATFORM = `linux/${
  Deno.build.arch === "aarch64" ? "arm64" : "amd64"
}`;

/**
 * Starts a buildkitd of the tests, built if need be.
 *
 * The image `davit-test/base` can be built FROM, for each of its platforms.
 * Steps that RUN have the machine's network. What an earlier run left behind when
 * it was killed is swept first.
 *
 * @throws {Error} If the machine cannot run it, or with the tail of its log if it ends at once.
 */
export async function startBuildkitd(
  options: BuildkitdOptions = {},
): Promise<PrivateBuildkitd> {
  const { platforms = [OWN_PLATFORM], tcp, signal } = options;
  await checkMachine();
  const programs = await buildkitPrograms({ signal });
  const host = await hostPrograms({ signal });
  await sweep();
  signal?.throwIfAborted();

  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startBaseRegistry(platforms));
  const directory = await Deno.makeTempDir({
    dir: ENGINES_ROOT,
    prefix: ENGINE_PREFIX,
  });
  await claimDirectory(directory);
  let child: Deno.ChildProcess | undefined;
  stack.defer(async () => {
    // It has nothing to lose: all that it stored goes with its folder.
    await killChild(child);
    await cleanUp(directory);
  });
  if (options.memoryBytes !== undefined) {
    await mountMemory(`${directory}/data`, options.memoryBytes);
  }
  const authority = tcp === true ? await makeAuthority() : undefined;
  const certificates = authority === undefined
    ? tcp === "plain" || tcp === true ? undefined : tcp
    : { ...await authority.issue(), ca: authority.ca };
  const tls = authority && { ...await authority.issue(), ca: authority.ca };
  let port = 0;
  const start = async () => {
    const config = await writeConfig(directory, options, {
      ...(tcp === undefined ? {} : { port }),
      certificates,
      mirror: registry.host,
    });
    const logged = (await readTextIfThere(logPath(directory)))?.length ?? 0;
    child = spawnDaemon(directory, config, programs, host);
    await Deno.writeTextFile(`${directory}/pid`, `${child.pid}`);
    port = await waitUntilReady(child, {
      log: async () =>
        (await readTextIfThere(logPath(directory)) ?? "").slice(logged),
      tcp: tcp !== undefined,
      signal,
    });
  };
  await start();
  const whole = stack.move();
  let stopping: Promise<void> | undefined;
  const stop = () => stopping ??= whole.disposeAsync();
  const socketPath = `${directory}/buildkitd.sock`;
  return {
    address: `unix://${socketPath}`,
    socketPath,
    get tcpAddress() {
      return given(port === 0 ? undefined : `tcp://127.0.0.1:${port}`);
    },
    get tls() {
      return given(tls);
    },
    get authority() {
      return given(authority);
    },
    directory,
    get pid() {
      return given(child).pid;
    },
    buildctl: programs.buildctl,
    packages: [...programs.packages, ...host.packages],
    kill: () => killChild(child),
    start,
    logs: async () => await readTextIfThere(logPath(directory)) ?? "",
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function given<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new TypeError("This buildkitd was started without it: see `tcp`");
}

async function killChild(child: Deno.ChildProcess | undefined): Promise<void> {
  if (child === undefined) return;
  const process = await findProcess(child.pid);
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself.
  }
  await child.status;
  if (process !== undefined) await waitForExit([process], 5_000);
}

function logPath(directory: string): string {
  return `${directory}/buildkitd.log`;
}

/** Writes the daemon's settings and certificates; returns the path of its settings. */
async function writeConfig(
  directory: string,
  options: BuildkitdOptions,
  more: {
    readonly port?: number;
    readonly certificates: ServerCertificates | undefined;
    readonly mirror: string;
  },
): Promise<string> {
  const { entitlements = ["network.host"], registries = {} } = options;
  const { platforms = [OWN_PLATFORM], snapshotter = "overlayfs" } = options;
  const { port, certificates, mirror } = more;
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(certificates ?? {})) {
    files[name] = `${directory}/server-${name}.pem`;
    await Deno.writeTextFile(files[name], text, { mode: 0o600 });
  }
  const addresses = [`unix://${directory}/buildkitd.sock`];
  if (port !== undefined) addresses.push(`tcp://127.0.0.1:${port}`);
  const text = toml({
    "": {
      root: `${directory}/data`,
      provenanceEnvDir: `${directory}/provenance`,
      "insecure-entitlements": entitlements,
    },
    grpc: { address: addresses },
    "grpc.tls": files,
    // Outside of its folder all daemons would use one and the same.
    otel: { socketPath: `${directory}/otel.sock` },
    cdi: { disabled: true },
    "worker.containerd": { enabled: false },
    "worker.oci": {
      enabled: true,
      gc: false,
      platforms,
      snapshotter,
      networkMode: "host",
      defaultCgroupParent: directory.replace(/^.*(?=\/)/, ""),
    },
    'registry."docker.io"': { mirrors: [mirror] },
    ...Object.fromEntries(
      Object.entries(registries).map(([host, settings]) => [
        `registry."${host}"`,
        settings,
      ]),
    ),
  });
  const path = `${directory}/buildkitd.toml`;
  await Deno.writeTextFile(path, text);
  return path;
}

/** Tables of strings, booleans and lists, which TOML writes as JSON does. */
function toml(tables: Readonly<Record<string, object>>): string {
  return Object.entries(tables).map(([table, values]) =>
    [
      ...(table === "" ? [] : [`[${table}]`]),
      ...Object.entries(values).map(([key, value]) =>
        `${key} = ${JSON.stringify(value)}`
      ),
    ].join("\n") + "\n"
  ).join("\n");
}

/** Starts buildkitd in a session of its own, so that no Ctrl-C of ours reaches it. */
function spawnDaemon(
  directory: string,
  config: string,
  programs: BuildkitPrograms,
  host: { readonly path: string; readonly libraries: string },
): Deno.ChildProcess {
  const script = `exec "$0" --config "$1" </dev/null >>"${
    logPath(directory)
  }" 2>&1`;
  return new Deno.Command("setsid", {
    args: ["sh", "-c", script, programs.buildkitd, config],
    // A clean environment: no proxy settings, nothing secret of the caller's.
    clearEnv: true,
    env: {
      HOME: directory,
      TMPDIR: directory,
      PATH: `${host.path}:${SYSTEM_PATH}`,
      LD_LIBRARY_PATH: host.libraries,
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Waits until it listens; returns its TCP port, 0 without one. */
async function waitUntilReady(
  child: Deno.ChildProcess,
  options: {
    /** What it logged since this start. */
    readonly log: () => Promise<string>;
    readonly tcp: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<number> {
  const { tcp, signal } = options;
  let exit: Deno.CommandStatus | undefined;
  child.status.then((status) => exit = status);
  const deadline = Date.now() + 60_000;
  while (true) {
    signal?.throwIfAborted();
    const ended = exit;
    const log = await options.log();
    // It logs an address once it listens there.
    const port = /running server on 127\.0\.0\.1:(\d+)/.exec(log)?.[1];
    if (/running server on \//.test(log) && (!tcp || port !== undefined)) {
      return Number(port ?? 0);
    }
    if (ended === undefined && Date.now() < deadline) {
      await delay(10);
      continue;
    }
    const found = ended === undefined
      ? "not listening after 60 seconds"
      : `exit code ${ended.code}`;
    const tail = log.trim().split("\n").slice(-40).join("\n");
    throw new Error(`Cannot start buildkitd: ${found}\n${tail}`);
  }
}

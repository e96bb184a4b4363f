import { checkMachine } from "./apt.ts";
import {
  claimDirectory,
  cleanUp,
  ENGINE_PREFIX,
  ENGINES_ROOT,
  killDaemons,
  sweep,
} from "./clean_up.ts";
import { readTextIfThere } from "./command.ts";
import { mountMemory } from "./memory.ts";
import { firstAnswer } from "./first_answer.ts";
import {
  type EnginePrograms,
  enginePrograms,
  type Generation,
} from "./packages.ts";
import { killChild } from "./process.ts";

export { sweep };

/** Which engine to start. */
export interface EngineOptions {
  /** Major version of the engine. */
  readonly generation: Generation;
  /** Keep images in containerd's store; 26 and 28 only. */
  readonly containerdStore?: boolean;
  /** More flags for dockerd. */
  readonly flags?: readonly string[];
  /** Keep all that it stores in memory, at most so many bytes, and not on the disk. */
  readonly memoryBytes?: number | undefined;
  /**
   * Give it a network of its own, with the bridge that steps are on by default;
   * no address of this machine can be reached from there.
   */
  readonly ownNetwork?: boolean;
  /** Gives up the start when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A running dockerd with everything of its own; who starts it stops it. */
export interface PrivateEngine extends AsyncDisposable {
  readonly generation: Generation;
  /** Whether it keeps images in containerd's store. */
  readonly containerdStore: boolean;
  /** Address for DOCKER_HOST: `unix://` and {@link socketPath}. */
  readonly host: string;
  readonly socketPath: string;
  /** Holds all that the engine writes; its name is also the engine's cgroup. */
  readonly directory: string;
  /** Process id of dockerd. */
  readonly pid: number;
  /** Such as `28.5.2`. */
  readonly engineVersion: string;
  /** The Debian packages it comes from, as `name version`. */
  readonly packages: readonly string[];
  /** Path of this generation's docker client. */
  readonly cli: string;
  /** Environment in which {@link cli} talks to this engine, with its own buildx. */
  readonly cliEnv: Record<string, string>;
  /** Kills dockerd and its containerd, as a crash would; {@link stop} still cleans up. */
  kill(): Promise<void>;
  /** All that the engine logged so far. */
  logs(): Promise<string>;
  /** Ends the engine and leaves nothing of it; calling it again waits for the first call. */
  stop(): Promise<void>;
}

/**
 * Starts a private engine of a generation, fetched from Debian if need be.
 *
 * Unless it has a network of its own, it has no bridge: steps that RUN need the
 * network mode `none` or `host`. What an earlier run left behind when it was killed is swept first.
 *
 * @throws {Error} If the machine cannot run it, or with the tail of its log if it ends at once.
 */
export async function startEngine(
  options: EngineOptions,
): Promise<PrivateEngine> {
  const { generation, containerdStore = false, flags = [] } = options;
  const { memoryBytes, ownNetwork = false, signal } = options;
  if (containerdStore && generation === "20") {
    throw new TypeError(
      `Cannot start engine "20" with containerd's image store: it has none`,
    );
  }
  await checkMachine();
  const programs = await enginePrograms(generation, { signal });
  await sweep();
  signal?.throwIfAborted();

  const directory = await Deno.makeTempDir({
    dir: ENGINES_ROOT,
    prefix: ENGINE_PREFIX,
  });
  await claimDirectory(directory);
  let child: Deno.ChildProcess | undefined;
  let stopping: Promise<void> | undefined;
  const stop = () =>
    stopping ??= (async () => {
      await cleanUp(directory);
      await child?.status;
    })();
  try {
    await writeFolders(directory, generation, programs, containerdStore);
    if (memoryBytes !== undefined) {
      await mountMemory(dataRoot(directory), memoryBytes);
    }
    child = spawnDaemon(directory, programs, ownNetwork, flags);
    const socketPath = `${directory}/docker.sock`;
    const engineVersion = await firstAnswer({
      program: "dockerd",
      child,
      socketPath,
      logPath: logPath(directory),
    }, signal);
    const host = `unix://${socketPath}`;
    return {
      generation,
      containerdStore,
      host,
      socketPath,
      directory,
      pid: child.pid,
      engineVersion,
      packages: programs.packages,
      cli: programs.cli,
      cliEnv: {
        DOCKER_HOST: host,
        DOCKER_CONFIG: `${directory}/cli`,
        DOCKER_BUILDKIT: "1",
      },
      kill: () => killDaemons(directory),
      logs: async () => await readTextIfThere(logPath(directory)) ?? "",
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    // At once, whatever it was about to become: it has nothing to lose yet.
    await killChild(child);
    await stop();
    throw error;
  }
}

function logPath(directory: string): string {
  return `${directory}/dockerd.log`;
}

async function writeFolders(
  directory: string,
  generation: Generation,
  programs: EnginePrograms,
  containerdStore: boolean,
): Promise<void> {
  // Containers with a user of their own pass through this folder to their files.
  await Deno.chmod(directory, 0o711);
  await Deno.mkdir(`${directory}/cli/cli-plugins`, { recursive: true });
  await Deno.mkdir(`${directory}/tmp`);
  if (programs.buildx !== undefined) {
    await Deno.symlink(
      programs.buildx,
      `${directory}/cli/cli-plugins/docker-buildx`,
    );
  }
  const config = {
    // 20 would write a key to /etc/docker; 26 and 28 no longer know the setting.
    ...(generation === "20"
      ? { "deprecated-key-path": `${directory}/key.json` }
      : {}),
    ...(containerdStore
      ? { features: { "containerd-snapshotter": true } }
      : {}),
  };
  await Deno.writeTextFile(`${directory}/daemon.json`, JSON.stringify(config));
}

function dataRoot(directory: string): string {
  return `${directory}/data`;
}

/** Starts dockerd in a session of its own, so that no Ctrl-C of ours reaches it. */
function spawnDaemon(
  directory: string,
  programs: EnginePrograms,
  ownNetwork: boolean,
  moreFlags: readonly string[],
): Deno.ChildProcess {
  const systemPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const flags = [
    `--config-file=${directory}/daemon.json`,
    `--host=unix://${directory}/docker.sock`,
    `--data-root=${dataRoot(directory)}`,
    `--exec-root=${directory}/exec`,
    `--pidfile=${directory}/pid`,
    `--init-path=${programs.init}`,
    `--cgroup-parent=/${directory.replace(/^.*\//, "")}`,
    ...(ownNetwork ? ["--ip-masq=false"] : ["--bridge=none"]),
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--userland-proxy=false",
    "--shutdown-timeout=3",
    ...moreFlags,
  ];
  // The shell gives dockerd a file instead of pipes that end with us, and becomes it.
  const script = `exec dockerd "$@" </dev/null >"${logPath(directory)}" 2>&1`;
  const shell = ["sh", "-c", script, "dockerd", ...flags];
  return new Deno.Command("setsid", {
    // The kernel keeps the network for as long as a process is in it.
    args: ownNetwork ? ["unshare", "--net", ...shell] : shell,
    // A clean environment: no proxy settings, nothing secret of the caller's.
    clearEnv: true,
    env: {
      HOME: directory,
      // A containerd that answers too slowly is made to leave its stacks here.
      TMPDIR: `${directory}/tmp`,
      PATH: [...programs.path, systemPath].join(":"),
      LD_LIBRARY_PATH: programs.libraries,
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

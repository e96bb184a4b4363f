import { checkMachine } from "./apt.ts";
import {
  claimDirectory,
  cleanUp,
  ENGINE_PREFIX,
  ENGINES_ROOT,
  sweep,
} from "./clean_up.ts";
import { readTextIfThere } from "./command.ts";
import { connectEngine, readEngineVersion } from "./engine_api.ts";
import { type PodmanPrograms, podmanPrograms } from "./packages.ts";
import { podmanFiles } from "./podman_config.ts";
import { delay } from "./process.ts";

/** A running podman service with everything of its own; who starts it stops it. */
export interface PrivatePodman extends AsyncDisposable {
  /** Address of its Docker-compatible API: `unix://` and {@link socketPath}. */
  readonly host: string;
  readonly socketPath: string;
  /** Holds all that it writes; its name is also its cgroup. */
  readonly directory: string;
  /** Such as `4.3.1`. */
  readonly version: string;
  /** The Debian packages it comes from, as `name version`. */
  readonly packages: readonly string[];
  /** All that the service logged so far. */
  logs(): Promise<string>;
  /** Ends it and leaves nothing of it; calling it again waits for the first call. */
  stop(): Promise<void>;
}

/**
 * Starts a private podman service, fetched from Debian if need be. Steps that
 * RUN have no network, whatever their network mode says.
 *
 * @throws {Error} If the machine cannot run it, or with the tail of its log if it ends at once.
 */
export async function startPodman(
  options: { signal?: AbortSignal | undefined } = {},
): Promise<PrivatePodman> {
  const { signal } = options;
  await checkMachine();
  const programs = await podmanPrograms({ signal });
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
      await endService(child);
      await cleanUp(directory);
    })();
  try {
    await writeFiles(directory, programs);
    child = spawnService(directory, programs);
    const version = await waitUntilReady(directory, child, signal);
    const socketPath = `${directory}/docker.sock`;
    return {
      host: `unix://${socketPath}`,
      socketPath,
      directory,
      version,
      packages: programs.packages,
      logs: async () => await readTextIfThere(logPath(directory)) ?? "",
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** It has nothing to say goodbye to: what it mounted and ran is cleaned up after it. */
async function endService(child: Deno.ChildProcess | undefined): Promise<void> {
  try {
    child?.kill("SIGKILL");
  } catch {
    // It ended by itself.
  }
  await child?.status;
}

function logPath(directory: string): string {
  return `${directory}/podman.log`;
}

async function writeFiles(
  directory: string,
  programs: PodmanPrograms,
): Promise<void> {
  await Deno.chmod(directory, 0o711);
  for (const name of ["net", "tmp"]) await Deno.mkdir(`${directory}/${name}`);
  const files = Object.entries(podmanFiles(directory, programs));
  for (const [name, text] of files) {
    const path = `${directory}/${name}`;
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
}

/**
 * Starts the service in a session of its own, and in a cgroup of its own
 * wherever the kernel allows one: what it runs stays below, to be found again.
 */
function spawnService(
  directory: string,
  programs: PodmanPrograms,
): Deno.ChildProcess {
  const cgroup = directory.replace(/^.*\//, "");
  const script = `
for procs in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
  own="\${procs%/*}/${cgroup}"
  test -e "$procs" && mkdir "$own" && echo $$ >"$own/cgroup.procs"
done 2>/dev/null
exec podman "$@" </dev/null >"${logPath(directory)}" 2>&1`;
  const flags = [
    `--root=${directory}/data`,
    `--runroot=${directory}/run`,
    "--storage-driver=overlay",
    "system",
    "service",
    "--time=0",
    `unix://${directory}/docker.sock`,
  ];
  return new Deno.Command("setsid", {
    args: ["sh", "-c", script, "podman", ...flags],
    // A clean environment: no proxy settings, nothing secret of the caller's.
    clearEnv: true,
    env: {
      HOME: directory,
      // Contexts of builds, and what a killed service leaves of them.
      TMPDIR: `${directory}/tmp`,
      PATH: [...programs.path, "/usr/sbin:/usr/bin:/sbin:/bin"].join(":"),
      LD_LIBRARY_PATH: programs.libraries,
      CONTAINERS_CONF: `${directory}/containers.conf`,
      CONTAINERS_STORAGE_CONF: `${directory}/storage.conf`,
      CONTAINERS_REGISTRIES_CONF: `${directory}/registries.conf`,
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Waits for the service's first answer; returns its version. */
async function waitUntilReady(
  directory: string,
  child: Deno.ChildProcess,
  signal: AbortSignal | undefined,
): Promise<string> {
  let exit: Deno.CommandStatus | undefined;
  child.status.then((status) => exit = status);
  using api = connectEngine(`${directory}/docker.sock`);
  const deadline = Date.now() + 60_000;
  while (true) {
    signal?.throwIfAborted();
    if (exit !== undefined || Date.now() > deadline) {
      const log = await readTextIfThere(logPath(directory)) ?? "";
      throw new Error(
        `Cannot start podman: ${
          exit === undefined
            ? "no answer in 60 seconds"
            : `exit code ${exit.code}`
        }, expected an answer to ping\n${
          log.trim().split("\n").slice(-15).join("\n")
        }`,
      );
    }
    try {
      const response = await api.request("/_ping");
      if (await response.text() === "OK") {
        return await readEngineVersion(api, { signal });
      }
    } catch {
      // Not listening yet.
    }
    await delay(25);
  }
}

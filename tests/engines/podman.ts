import { checkMachine } from "./apt.ts";
import {
  claimDirectory,
  cleanUp,
  ENGINE_PREFIX,
  ENGINES_ROOT,
  sweep,
} from "./clean_up.ts";
import { readTextIfThere } from "./command.ts";
import { firstAnswer } from "./first_answer.ts";
import { type PodmanPrograms, podmanPrograms } from "./packages.ts";
import { podmanFiles } from "./podman_config.ts";
import { killChild } from "./process.ts";

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
      // It has nothing to say goodbye to: what it mounted and ran is cleaned up
      // after it.
      await killChild(child);
      await cleanUp(directory);
    })();
  try {
    await writeFiles(directory, programs);
    child = spawnService(directory, programs);
    const socketPath = `${directory}/docker.sock`;
    const version = await firstAnswer({
      program: "podman",
      child,
      socketPath,
      logPath: logPath(directory),
    }, signal);
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

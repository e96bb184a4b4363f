import {
  listFolder,
  readTextIfThere,
  runCommand,
  tryCommand,
} from "./command.ts";
import {
  commandLine,
  delay,
  findProcess,
  findProcesses,
  isAlive,
  type ProcessRecord,
  signalProcess,
  waitForExit,
} from "./process.ts";

/** Where engines have their folders; short, as a socket's path holds 107 bytes. */
export const ENGINES_ROOT = "/tmp";

/** How the name of an engine's folder starts. */
export const ENGINE_PREFIX = "davit-";

/** Folders that engines share outside their own, innermost first. */
const SHARED_FOLDERS = [
  "/run/runc",
  "/run/containerd/s",
  "/run/containerd",
  "/run/docker/plugins",
  "/run/docker",
];

/** Programs that an engine runs with its folder in their command line. */
const ENGINE_PROGRAM =
  /^(setsid|unshare|sh|dockerd|buildkitd|containerd(-shim.*)?|runc)$/;

/** Where in its folder dockerd, or buildkitd, has a folder for each step that runs. */
const STEP_FOLDERS = [
  "data/buildkit/executor",
  "data/runc-overlayfs/executor",
  "data/runc-native/executor",
];

/** What an engine's folder says about it, for whoever has to clean up after it. */
export interface EngineOwner extends ProcessRecord {
  /** Shared folders that were not there before the engine. */
  readonly made: readonly string[];
}

/** Writes who owns the engine in `directory`: this process. */
export async function claimDirectory(directory: string): Promise<void> {
  const self = await findProcess(Deno.pid);
  const made: string[] = [];
  const others = await findOwners();
  for (const path of SHARED_FOLDERS) {
    const missing = await Deno.stat(path).then(() => false, () => true);
    if (missing || others.some(([, owner]) => owner.made.includes(path))) {
      made.push(path);
    }
  }
  const owner: EngineOwner = {
    pid: Deno.pid,
    startTime: self?.startTime ?? "",
    made,
  };
  await Deno.writeTextFile(`${directory}/owner.json`, JSON.stringify(owner));
}

/**
 * Cleans up after engines whose owner was killed before it could.
 *
 * Only folders with our prefix and an owner file whose process no longer
 * lives are touched.
 *
 * @returns The folders that were cleaned away.
 */
export async function sweep(): Promise<string[]> {
  const swept: string[] = [];
  for (const [directory, owner] of await findOwners()) {
    if (await isAlive(owner)) continue;
    await cleanUp(directory);
    swept.push(directory);
  }
  return swept;
}

/** Ends the engine in `directory` and all it runs, and leaves nothing of it. */
export async function cleanUp(directory: string): Promise<void> {
  const owner = await readOwner(directory);
  // On SIGTERM dockerd would grant each running container 10 seconds.
  await killCgroups(await findCgroups(directory));
  await endDaemon(directory);
  await endPrograms(directory);
  // Again, with what it started while it was told to end.
  const cgroups = await findCgroups(directory);
  await killCgroups(cgroups);
  const leftovers = await findRuntimeLeftovers(directory);
  await unmountAll(directory);
  await removeCgroups(cgroups);
  for (const path of leftovers) {
    await runCommand("rm", ["-rf", "--one-file-system", path]);
  }
  await runCommand("rm", ["-rf", "--one-file-system", directory]);
  await removeSharedFolders(owner?.made ?? []);
}

/** Kills the engine's daemons, as a crash would, and nothing else. */
export async function killDaemons(directory: string): Promise<void> {
  const daemons = await findPrograms(
    directory,
    /^(dockerd|containerd|buildkitd)$/,
  );
  for (const process of daemons) await signalProcess(process, "SIGKILL");
  await waitForExit(daemons, 5_000);
}

/** The engines' folders, with the process that started each. */
export async function findOwners(): Promise<
  [directory: string, owner: EngineOwner][]
> {
  const found: [string, EngineOwner][] = [];
  for (const name of await listFolder(ENGINES_ROOT)) {
    if (!name.startsWith(ENGINE_PREFIX)) continue;
    const owner = await readOwner(`${ENGINES_ROOT}/${name}`);
    if (owner !== undefined) found.push([`${ENGINES_ROOT}/${name}`, owner]);
  }
  return found;
}

async function readOwner(directory: string): Promise<EngineOwner | undefined> {
  const text = await readTextIfThere(`${directory}/owner.json`);
  if (text === undefined) return undefined;
  try {
    const { uid } = await Deno.lstat(directory);
    // Anyone may put a folder into /tmp, and we are root.
    if (uid !== Deno.uid()) return undefined;
    const { pid, startTime, made } = JSON.parse(text);
    return {
      pid: Number(pid),
      startTime: String(startTime),
      made: SHARED_FOLDERS.filter((path) => made.includes(path)),
    };
  } catch {
    // Half written: its engine is only starting, or another program's file has this name.
    return undefined;
  }
}

/** Asks dockerd to end, and makes it after 20 seconds. */
async function endDaemon(directory: string): Promise<void> {
  const pid = Number(await readTextIfThere(`${directory}/pid`));
  const process = pid > 0 ? await findProcess(pid) : undefined;
  if (process === undefined || !names(await commandLine(pid), directory)) {
    return;
  }
  await signalProcess(process, "SIGTERM");
  if (await waitForExit([process], 20_000)) return;
  await signalProcess(process, "SIGKILL");
  await waitForExit([process], 5_000);
}

/** Ends whatever program of the engine is left: containerd, shims, runc, a starting dockerd. */
async function endPrograms(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const programs = await findPrograms(directory, ENGINE_PROGRAM);
    if (programs.length === 0) return;
    for (const process of programs) await signalProcess(process, "SIGKILL");
    await waitForExit(programs, 2_000);
  }
}

function findPrograms(
  directory: string,
  program: RegExp,
): Promise<ProcessRecord[]> {
  return findProcesses((args) => {
    const name = args[0]?.replace(/^.*\//, "") ?? "";
    return program.test(name) && names(args, directory);
  });
}

/** True if an argument holds the folder as a whole path or the start of one. */
function names(args: readonly string[], directory: string): boolean {
  return args.some((arg) => `${arg}/`.includes(`${directory}/`));
}

/** The engine's own cgroup in each hierarchy, version 1 and 2. */
async function findCgroups(directory: string): Promise<string[]> {
  const name = directory.replace(/^.*\//, "");
  const found: string[] = [];
  for (const { point, type } of await readMounts()) {
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const folder = `${point}/${name}`;
    if (await Deno.stat(folder).then(() => true, () => false)) {
      found.push(folder);
    }
  }
  return found;
}

/** Kills all in the cgroups, again and again, as a dying process may have forked just before. */
async function killCgroups(cgroups: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const pids = new Set<number>();
    for (const cgroup of cgroups) {
      for (const folder of await foldersBelow(cgroup)) {
        const text = await readTextIfThere(`${folder}/cgroup.procs`) ?? "";
        for (const line of text.split("\n")) {
          if (Number(line) > 0) pids.add(Number(line));
        }
      }
    }
    let living = 0;
    for (const pid of pids) {
      const process = await findProcess(pid);
      if (process === undefined) continue;
      living++;
      await signalProcess(process, "SIGKILL");
    }
    if (living === 0) return;
    await delay(20);
  }
}

async function removeCgroups(cgroups: readonly string[]): Promise<void> {
  for (const cgroup of cgroups) {
    for (const folder of (await foldersBelow(cgroup)).reverse()) {
      // The kernel lets go of a killed process a moment after its end.
      for (let attempt = 0; attempt < 50; attempt++) {
        if (await Deno.remove(folder).then(() => true, isGone)) break;
        await delay(20);
      }
    }
  }
}

/** The folder and all below it, outer before inner. */
async function foldersBelow(folder: string): Promise<string[]> {
  const found = [folder];
  for (const outer of found) {
    try {
      for await (const entry of Deno.readDir(outer)) {
        if (entry.isDirectory) found.push(`${outer}/${entry.name}`);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

/** What the engine's containers left outside its folder: runc's states and shims' sockets. */
async function findRuntimeLeftovers(directory: string): Promise<string[]> {
  const found: string[] = [];
  const steps = (await Promise.all(
    STEP_FOLDERS.map((folder) => listFolder(`${directory}/${folder}`)),
  )).flat();
  for (const id of await listFolder("/run/runc")) {
    // A step that was killed while runc created it has no state yet, only its id.
    const state = await readTextIfThere(`/run/runc/${id}/state.json`) ?? "";
    if (steps.includes(id) || state.includes(`"${directory}/`)) {
      found.push(`/run/runc/${id}`);
    }
  }
  const tasks =
    `${directory}/exec/containerd/daemon/io.containerd.runtime.v2.task`;
  for (const folder of await foldersBelow(tasks)) {
    for (const file of ["address", "bootstrap.json"]) {
      const text = await readTextIfThere(`${folder}/${file}`) ?? "";
      found.push(...text.match(/\/run\/containerd\/s\/[0-9a-f]{64}/g) ?? []);
    }
  }
  return found;
}

/** Unmounts all at or below the folder, newest first. */
async function unmountAll(directory: string): Promise<void> {
  const points = (await readMounts()).map((mount) => mount.point)
    .filter((point) => names([point], directory));
  for (const point of points.reverse()) {
    if ((await tryCommand("umount", [point])).code !== 0) {
      await tryCommand("umount", ["-l", point]);
    }
  }
}

async function readMounts(): Promise<{ point: string; type: string }[]> {
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).trim().split(
    "\n",
  );
  return lines.map((line) => {
    const fields = line.split(" ");
    return {
      point: fields[4] ?? "",
      type: fields[fields.indexOf("-") + 1] ?? "",
    };
  });
}

/** Removes the shared folders that engines made, once they are empty and no engine is left. */
async function removeSharedFolders(made: readonly string[]): Promise<void> {
  if ((await findOwners()).length > 0) return;
  for (const path of made) {
    // Not ours to empty: a folder that someone else uses by now stays.
    await Deno.remove(path).catch(() => {});
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

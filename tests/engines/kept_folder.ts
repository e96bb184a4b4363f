import { checkMachine } from "./apt.ts";
import {
  listFolder,
  readTextIfThere,
  runCommand,
  tryCommand,
} from "./command.ts";
import { delay } from "./process.ts";

/** A folder that is made once and kept for later runs. */
export interface KeptFolder {
  readonly folder: string;
  /** The packages it was made from, as `name version`. */
  readonly packages: readonly string[];
}

/** Folder of all that is fetched; it may be removed at any time between runs. */
export const CACHE: string = `${import.meta.dirname}/.cache`;

/** How long what was compared with Debian's packages counts as current, in milliseconds. */
const DAY_MS = 86_400_000;

/**
 * A folder of the cache, made from Debian's packages unless it is there already.
 *
 * Processes that want the same one at the same time wait for the first.
 *
 * @param recipe Whatever decides what is in the folder: made by another recipe,
 * it is made anew.
 * @param options.fill Fills `kept`, with `work` for what is needed only then.
 * It returns the packages that it took, as `name version`.
 * @param options.isCurrent Says whether these packages are still Debian's: asked
 * once a day. If they are not, the folder is made anew.
 * @throws {Error} If the packages cannot be had on this machine.
 */
export async function keptFolder(
  name: string,
  recipe: string,
  options: {
    readonly fill: (kept: string, work: string) => Promise<string[]>;
    readonly isCurrent?:
      | ((packages: readonly string[]) => Promise<boolean>)
      | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<KeptFolder> {
  const { fill, isCurrent, signal } = options;
  const folder = `${CACHE}/${name}`;
  const isOld = async () =>
    isCurrent !== undefined && await ageOf(folder) > DAY_MS;
  const present = await readKept(folder, recipe);
  if (present !== undefined && !await isOld()) return present;
  await checkMachine();
  await Deno.mkdir(CACHE, { recursive: true });
  // The system drops this lock with the process, so a killed run never leaves it held.
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  while (!await lock.tryLock(true)) {
    signal?.throwIfAborted();
    await delay(100);
  }
  const kept = await readKept(folder, recipe);
  if (kept === undefined) return await fillAside(name, recipe, fill);
  // Another process may have compared it while this one waited.
  if (!await isOld()) return kept;
  if (!await isCurrent!(kept.packages)) {
    return await fillAside(name, recipe, fill);
  }
  const now = new Date();
  await Deno.utime(recordOf(folder), now, now);
  return kept;
}

/** Says from what a folder was made; its time is when that was seen to be current. */
function recordOf(folder: string): string {
  return `${folder}/unpacked.json`;
}

async function ageOf(folder: string): Promise<number> {
  const { mtime } = await Deno.stat(recordOf(folder));
  return Date.now() - mtime!.getTime();
}

async function readKept(
  folder: string,
  recipe: string,
): Promise<KeptFolder | undefined> {
  const text = await readTextIfThere(recordOf(folder));
  if (text === undefined) return undefined;
  const { recipe: made, packages } = JSON.parse(text);
  return made === recipe ? { folder, packages } : undefined;
}

/** Fills a folder aside and renames it into place, so that it is whole or not there. */
async function fillAside(
  name: string,
  recipe: string,
  fill: (kept: string, work: string) => Promise<string[]>,
): Promise<KeptFolder> {
  const prefix = `${name}.work-`;
  for (const old of await listFolder(CACHE)) {
    // Of a killed run, whose apt may still be at it: what resists goes the next time.
    if (old.startsWith(prefix)) {
      await tryCommand("rm", ["-rf", `${CACHE}/${old}`]);
    }
  }
  const work = await Deno.makeTempDir({ dir: CACHE, prefix });
  try {
    const kept = `${work}/kept`;
    await Deno.mkdir(kept);
    const packages = await fill(kept, work);
    const record = JSON.stringify({ recipe, packages });
    await Deno.writeTextFile(recordOf(kept), record);
    await runCommand("rm", ["-rf", `${CACHE}/${name}`]);
    await Deno.rename(kept, `${CACHE}/${name}`);
    return { folder: `${CACHE}/${name}`, packages };
  } finally {
    await tryCommand("rm", ["-rf", work]);
  }
}

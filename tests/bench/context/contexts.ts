import { ENGINES_ROOT } from "../../engines/clean_up.ts";
import { runCommand } from "../../engines/command.ts";
import { randomBytes } from "../../support/digest.ts";

const KB = 1024;
const MB = 1024 * KB;

/** Every context, smallest first. */
export const CONTEXT_NAMES = [
  "tiny",
  "sources",
  "ignored",
  "many",
  "more",
  "large",
  "huge",
] as const;

/** Name of a context. */
export type ContextName = typeof CONTEXT_NAMES[number];

/** Files of one size, spread over folders that are called `under`0, `under`1, … */
interface Part {
  readonly under: string;
  readonly folders: number;
  readonly filesPerFolder: number;
  /** Bytes of each file. */
  readonly size: number;
  /** The ignore file keeps these out of the build. */
  readonly ignored?: true;
}

interface Recipe {
  /** What it is, in words for the report. */
  readonly title: string;
  readonly parts: readonly Part[];
  readonly ignore?: string;
  /** What a round of all clients took on two shared cores, about. */
  readonly secondsPerRound: number;
}

const SOURCES: Part = {
  under: "src/part",
  folders: 20,
  filesPerFolder: 25,
  size: 4 * KB,
};

const RECIPES: Record<ContextName, Recipe> = {
  tiny: {
    secondsPerRound: 6,
    title: "5 files",
    parts: [{ under: "part", folders: 1, filesPerFolder: 4, size: 2 * KB }],
  },
  sources: {
    secondsPerRound: 10,
    title: "500 source files, the next one without its node_modules",
    parts: [SOURCES],
    ignore: "node_modules\n",
  },
  ignored: {
    secondsPerRound: 12,
    title: "500 source files beside an ignored node_modules of 200,000",
    parts: [SOURCES, {
      under: "node_modules/package",
      folders: 2_000,
      filesPerFolder: 100,
      size: 200,
      ignored: true,
    }],
    ignore: "node_modules\n",
  },
  many: {
    secondsPerRound: 90,
    title: "20,000 files of 2 KB in 100 folders",
    parts: [{
      under: "part",
      folders: 100,
      filesPerFolder: 200,
      size: 2 * KB,
    }],
  },
  more: {
    secondsPerRound: 600,
    title: "200,000 files of 200 bytes in 2,000 folders, all of them sent",
    parts: [{
      under: "part",
      folders: 2_000,
      filesPerFolder: 100,
      size: 200,
    }],
  },
  large: {
    secondsPerRound: 90,
    title: "8 files of 64 MB",
    parts: [{ under: "part", folders: 1, filesPerFolder: 8, size: 64 * MB }],
  },
  huge: {
    secondsPerRound: 550,
    title: "one file of 4 GB",
    parts: [{ under: "part", folders: 1, filesPerFolder: 1, size: 4096 * MB }],
  },
};

/** Copies all of the context, and nothing else: what is left is the transfer. */
const DOCKERFILE = "FROM scratch\nCOPY . /\n";

/** A context that lies on the disk. */
export interface Context {
  readonly name: ContextName;
  readonly title: string;
  readonly path: string;
  /** Files that belong to the build. */
  readonly files: number;
  /** Bytes of those. */
  readonly bytes: number;
  /** The file, with its size, that a build after a change finds changed. */
  readonly changing: { readonly path: string; readonly size: number };
}

/** Seconds that a round of all clients takes, about. */
export function secondsPerRound(name: ContextName): number {
  return RECIPES[name].secondsPerRound;
}

/** Copies that an engine may hold of a context: body, unpacked, layer, and these of a changed one. */
const COPIES = 6;

/** Bytes that an engine may store at once, building these contexts one by one. */
export function engineBytes(names: readonly ContextName[]): number {
  return COPIES * Math.max(...names.map(bytesOf));
}

/**
 * Looks whether the contexts and what engines make of them have room.
 *
 * @param inMemory Whether engines store in memory.
 * @throws {Error} If not: a full disk would hurt others as well.
 */
export async function checkRoom(
  folder: string,
  names: readonly ContextName[],
  inMemory: boolean,
): Promise<void> {
  const contexts = names.map(bytesOf).reduce((sum, size) => sum + size, 0);
  const engine = engineBytes(names);
  const missing = (free: number, where: string, needed: number) =>
    new Error(
      `Cannot make the contexts: ${
        gigabytes(free)
      } are free ${where}, expected ${gigabytes(needed)}; name fewer of them${
        inMemory ? "" : ", or another folder"
      }`,
    );
  if (inMemory) {
    // What the contexts themselves take, the page cache holds as well.
    const { available } = Deno.systemMemoryInfo();
    const needed = contexts + engine;
    if (available < needed) throw missing(available, "in memory", needed);
  }
  // A context's folder and an engine's may lie on one disk.
  const needed = contexts + (inMemory ? 0 : engine);
  for (const path of inMemory ? [folder] : [folder, ENGINES_ROOT]) {
    const table = await runCommand("df", ["-Pk", path]);
    const free = Number(table.trim().split("\n").at(-1)!.split(/\s+/)[3]) * KB;
    if (free < needed) throw missing(free, `at "${path}"`, needed);
  }
}

function bytesOf(name: ContextName): number {
  return RECIPES[name].parts.reduce(
    (sum, { folders, filesPerFolder, size }) =>
      // A small file still takes a block.
      sum + folders * filesPerFolder * Math.max(size, 4 * KB),
    0,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/**
 * Makes a context below `folder`, unless an earlier run left it there whole.
 *
 * Its bytes are random, a number stamped into every megabyte and every file
 * makes each of them another.
 */
export async function prepareContext(
  folder: string,
  name: ContextName,
  signal: AbortSignal,
): Promise<Context> {
  const recipe = RECIPES[name];
  const path = `${folder}/${name}`;
  // Beside the context, not in it, and written last: with it the context is whole.
  const mark = `${folder}/${name}.json`;
  const wanted = JSON.stringify(recipe);
  const found = await Deno.readTextFile(mark).catch(() => undefined);
  if (found !== wanted) {
    await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
    await Deno.mkdir(path, { recursive: true });
    await Deno.writeTextFile(`${path}/Dockerfile`, DOCKERFILE);
    if (recipe.ignore !== undefined) {
      await Deno.writeTextFile(`${path}/.dockerignore`, recipe.ignore);
    }
    for (const part of recipe.parts) await writePart(path, part, signal);
    await Deno.writeTextFile(mark, wanted);
  }
  let files = 1;
  let bytes = DOCKERFILE.length;
  if (recipe.ignore !== undefined) {
    files++;
    bytes += recipe.ignore.length;
  }
  for (const { folders, filesPerFolder, size, ignored } of recipe.parts) {
    if (ignored) continue;
    files += folders * filesPerFolder;
    bytes += folders * filesPerFolder * size;
  }
  const [{ under, size }] = recipe.parts as [Part];
  const changing = { path: `${path}/${under}0/file0`, size };
  return { name, title: recipe.title, path, files, bytes, changing };
}

/** Changes the bytes and the time of one file, and not its size. */
export async function changeOneFile(context: Context): Promise<void> {
  const { path, size } = context.changing;
  using file = await Deno.open(path, { read: true, write: true });
  await file.seek(Math.floor(size / 2), Deno.SeekMode.Start);
  await file.write(randomBytes(16));
  const now = new Date();
  await file.utime(now, now);
}

/** Reads all that belongs to the build, so that each client finds it in the page cache. */
export async function readContext(
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const buffer = new Uint8Array(MB);
  for (const part of RECIPES[context.name].parts) {
    for (let i = 0; i < part.folders; i++) {
      signal.throwIfAborted();
      const folder = `${context.path}/${part.under}${i}`;
      for await (const { name } of Deno.readDir(folder)) {
        if (part.ignored) continue;
        await readThrough(`${folder}/${name}`, buffer, signal);
      }
    }
  }
}

async function readThrough(
  path: string,
  buffer: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<void> {
  using file = await Deno.open(path);
  while (await file.read(buffer) !== null) signal.throwIfAborted();
}

async function writePart(
  path: string,
  part: Part,
  signal: AbortSignal,
): Promise<void> {
  const { under, folders, filesPerFolder, size } = part;
  const chunk = randomBytes(Math.min(size, MB));
  const stamp = new DataView(chunk.buffer);
  let count = 0;
  for (let i = 0; i < folders; i++) {
    const folder = `${path}/${under}${i}`;
    await Deno.mkdir(folder, { recursive: true });
    for (let j = 0; j < filesPerFolder; j++) {
      using file = await Deno.open(`${folder}/file${j}`, {
        write: true,
        createNew: true,
      });
      for (let at = 0; at < size; at += chunk.length) {
        signal.throwIfAborted();
        stamp.setUint32(0, count++);
        const length = Math.min(chunk.length, size - at);
        for (let done = 0; done < length;) {
          done += await file.write(chunk.subarray(done, length));
        }
      }
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

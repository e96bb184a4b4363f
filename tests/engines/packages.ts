import { checkMachine, downloadPackages, USE_YOUR_OWN } from "./apt.ts";
import {
  listFolder,
  readTextIfThere,
  runCommand,
  tryCommand,
} from "./command.ts";
import { delay } from "./process.ts";

/** A Docker engine by its major version. */
export type Generation = "20" | "26" | "28";

/** The generations that Debian carries, oldest first. */
export const GENERATIONS: readonly Generation[] = ["20", "26", "28"];

/** Where the programs of an engine lie, unpacked. */
export interface EnginePrograms {
  /** Folders for the front of dockerd's PATH. */
  readonly path: readonly string[];
  /** Folder for the front of the library path. */
  readonly libraries: string;
  /** This generation's docker client. */
  readonly cli: string;
  /** This generation's buildx plugin; 20 has BuildKit in its client. */
  readonly buildx?: string;
  /** A static busybox, for base images. */
  readonly busybox: string;
  /** Debian packages with their versions, as `name version`. */
  readonly packages: readonly string[];
}

interface Recipe {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly programs: readonly string[];
}

/** Folder of all that is fetched; it may be removed at any time between runs. */
export const CACHE: string = `${import.meta.dirname}/.cache`;

const ENGINE = [
  "usr/sbin/dockerd",
  "usr/bin/docker",
  "usr/bin/containerd",
  "usr/bin/containerd-shim-runc-v2",
];
const BUILDX = "usr/libexec/docker/cli-plugins/docker-buildx";
const WITH_BUILDX = {
  packages: ["docker.io", "docker-cli", "docker-buildx", "containerd"],
  programs: [...ENGINE, BUILDX],
};

const RECIPES = {
  // dockerd 20 wants libdevmapper, which a minimal Debian does not have.
  "20": {
    suite: "bookworm",
    packages: ["docker.io", "containerd", "libdevmapper1.02.1"],
    programs: ENGINE,
  },
  "26": { suite: "trixie", ...WITH_BUILDX },
  "28": { suite: "forky", ...WITH_BUILDX },
  // The newer suites' runc asks for a newer libc than bookworm's; this one serves all engines.
  host: {
    suite: "bookworm",
    packages: ["runc", "busybox-static", "libseccomp2"],
    programs: ["usr/sbin/runc", "bin/busybox"],
  },
  registry: {
    suite: "bookworm",
    packages: ["docker-registry"],
    programs: ["usr/bin/docker-registry"],
  },
} satisfies Record<string, Recipe>;

/**
 * Fetches the engine of a generation from Debian, once, and unpacks it below
 * `tests/engines/.cache/`. Nothing is installed.
 *
 * @throws {Error} If this machine cannot have it, saying why and what to do.
 */
export async function enginePrograms(
  generation: Generation,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<EnginePrograms> {
  const [engine, host] = await Promise.all([
    unpacked(generation, options.signal),
    unpacked("host", options.signal),
  ]);
  const buildx = `${engine.folder}/${BUILDX}`;
  return {
    path: [
      `${engine.folder}/usr/sbin`,
      `${engine.folder}/usr/bin`,
      `${host.folder}/usr/sbin`,
    ],
    libraries: `${engine.folder}/lib:${host.folder}/lib`,
    cli: `${engine.folder}/usr/bin/docker`,
    ...(generation === "20" ? {} : { buildx }),
    busybox: `${host.folder}/bin/busybox`,
    packages: [...engine.packages, ...host.packages],
  };
}

/** Path of a static busybox, fetched from Debian once. */
export async function busyboxProgram(): Promise<string> {
  return `${(await unpacked("host")).folder}/bin/busybox`;
}

/** Path of `docker-registry`, fetched from Debian once. */
export async function registryProgram(): Promise<string> {
  return `${(await unpacked("registry")).folder}/usr/bin/docker-registry`;
}

interface Unpacked {
  readonly folder: string;
  readonly packages: readonly string[];
}

/** The folder of a recipe, made if it is not there or was made by another recipe. */
async function unpacked(
  name: keyof typeof RECIPES,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const recipe: Recipe = RECIPES[name];
  const folder = `${CACHE}/${name}`;
  const present = await readUnpacked(folder, recipe);
  if (present !== undefined) return present;
  await checkMachine();
  await Deno.mkdir(`${CACHE}/apt`, { recursive: true });
  // The system drops this lock with the process, so a killed run never leaves it held.
  using lock = await Deno.open(`${CACHE}/apt/${recipe.suite}.lock`, {
    create: true,
    write: true,
  });
  while (!await lock.tryLock(true)) {
    signal?.throwIfAborted();
    await delay(100);
  }
  return await readUnpacked(folder, recipe) ??
    await unpack(folder, recipe, signal);
}

async function readUnpacked(
  folder: string,
  recipe: Recipe,
): Promise<Unpacked | undefined> {
  const text = await readTextIfThere(`${folder}/unpacked.json`);
  if (text === undefined) return undefined;
  const { recipe: made, packages } = JSON.parse(text);
  return made === JSON.stringify(recipe) ? { folder, packages } : undefined;
}

/** Fills the folder aside and renames it into place, so that it is whole or not there. */
async function unpack(
  folder: string,
  recipe: Recipe,
  signal: AbortSignal | undefined,
): Promise<Unpacked> {
  const aside = `${folder}.new`;
  const state = `${CACHE}/apt/${recipe.suite}`;
  await removeFolder(aside);
  await Deno.mkdir(aside, { recursive: true });
  const debs = await downloadPackages(state, recipe.suite, recipe.packages, {
    signal,
  });
  const packages: string[] = [];
  for (const deb of debs) {
    await runCommand("dpkg-deb", ["-x", deb, `${aside}/all`], { signal });
    packages.push(
      (await runCommand("dpkg-deb", ["-f", deb, "Package", "Version"])).replace(
        /Package: (\S+)\nVersion: (\S+)\n/,
        "$1 $2",
      ),
    );
  }
  for (const program of recipe.programs) {
    await Deno.mkdir(`${aside}/${program}`.replace(/\/[^/]*$/, ""), {
      recursive: true,
    });
    await Deno.rename(`${aside}/all/${program}`, `${aside}/${program}`);
  }
  await keepLibraries(`${aside}/all`, `${aside}/lib`);
  await removeFolder(`${aside}/all`);
  await checkLibraries(aside, recipe);
  await Deno.writeTextFile(
    `${aside}/unpacked.json`,
    JSON.stringify({ recipe: JSON.stringify(recipe), packages }),
  );
  await removeFolder(folder);
  await Deno.rename(aside, folder);
  await removeFolder(`${state}/debs`);
  return { folder, packages };
}

/** Moves shared libraries out of the architecture's folders into one. */
async function keepLibraries(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const base of ["lib", "usr/lib"]) {
    for (const architecture of await listFolder(`${from}/${base}`)) {
      const folder = `${from}/${base}/${architecture}`;
      for (const name of await listFolder(folder)) {
        if (/\.so(\.|$)/.test(name)) {
          await Deno.rename(`${folder}/${name}`, `${to}/${name}`);
        }
      }
    }
  }
}

/** Fails if a library, or the version of one, that a program asks for is not on this machine. */
async function checkLibraries(folder: string, recipe: Recipe): Promise<void> {
  for (const program of recipe.programs) {
    const { stdout, stderr } = await tryCommand(
      "ldd",
      [`${folder}/${program}`],
      {
        env: { LD_LIBRARY_PATH: `${folder}/lib` },
      },
    );
    const missing = `${stdout}\n${stderr}`.match(/^.*not found.*$/m)?.[0]
      .trim();
    if (missing === undefined) continue;
    throw new Error(
      `Cannot use ${program} of ${recipe.suite} on this machine: ${missing}; ${USE_YOUR_OWN}`,
    );
  }
}

async function removeFolder(path: string): Promise<void> {
  await runCommand("rm", ["-rf", "--one-file-system", path]);
}

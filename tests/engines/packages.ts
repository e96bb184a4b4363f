import { type Recipe, unpacked } from "./unpack.ts";

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
  /** The first process of a container that asks for one, as buildx's do. */
  readonly init: string;
  /** This generation's docker client. */
  readonly cli: string;
  /** This generation's buildx plugin; 20 has BuildKit in its client. */
  readonly buildx?: string;
  /** Debian packages with their versions, as `name version`. */
  readonly packages: readonly string[];
}

const ENGINE = [
  "usr/sbin/dockerd",
  "usr/bin/docker",
  "usr/bin/containerd",
  "usr/bin/containerd-shim-runc-v2",
];
const BUILDX = "usr/libexec/docker/cli-plugins/docker-buildx";
const INIT = "usr/bin/tini-static";
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
    packages: ["runc", "busybox-static", "libseccomp2", "tini"],
    programs: ["usr/sbin/runc", "bin/busybox", INIT],
  },
  registry: {
    suite: "bookworm",
    packages: ["docker-registry"],
    programs: ["usr/bin/docker-registry"],
  },
  nghttp2: {
    suite: "bookworm",
    packages: [
      "nghttp2-server",
      "libev4",
      "libjemalloc2",
      "libnghttp2-14",
      "libssl3",
    ],
    programs: ["usr/sbin/nghttpd"],
  },
  podman: {
    suite: "bookworm",
    packages: [
      "podman",
      "conmon",
      "golang-github-containers-common",
      "libassuan0",
      "libdevmapper1.02.1",
      "libglib2.0-0",
      "libgpg-error0",
      "libgpgme11",
      "libsubid4",
    ],
    programs: [
      "usr/bin/podman",
      "usr/bin/conmon",
      "usr/share/containers/seccomp.json",
    ],
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
  const fetches = [
    unpacked(generation, RECIPES[generation], options),
    unpacked("host", RECIPES.host, options),
  ] as const;
  // If one fails, the other's apt is still to be waited for.
  await Promise.allSettled(fetches);
  const [engine, host] = await Promise.all(fetches);
  const buildx = `${engine.folder}/${BUILDX}`;
  return {
    path: [
      `${engine.folder}/usr/sbin`,
      `${engine.folder}/usr/bin`,
      `${host.folder}/usr/sbin`,
    ],
    libraries: `${engine.folder}/lib:${host.folder}/lib`,
    init: `${host.folder}/${INIT}`,
    cli: `${engine.folder}/usr/bin/docker`,
    ...(generation === "20" ? {} : { buildx }),
    packages: [...engine.packages, ...host.packages],
  };
}

/** What every engine needs of this machine: runc, from Debian as all else. */
export async function hostPrograms(
  options: { signal?: AbortSignal | undefined } = {},
): Promise<{
  /** Folder with `runc`, for the front of PATH. */
  path: string;
  /** Folder for the front of the library path. */
  libraries: string;
  packages: readonly string[];
}> {
  const { folder, packages } = await unpacked("host", RECIPES.host, options);
  return { path: `${folder}/usr/sbin`, libraries: `${folder}/lib`, packages };
}

/** Path of a static busybox, fetched from Debian once. */
export async function busyboxProgram(): Promise<string> {
  return `${(await unpacked("host", RECIPES.host)).folder}/bin/busybox`;
}

/** Path of `docker-registry`, fetched from Debian once. */
export async function registryProgram(): Promise<string> {
  return `${
    (await unpacked("registry", RECIPES.registry)).folder
  }/usr/bin/docker-registry`;
}

/** Debian's `nghttpd`, fetched once, and the folder of its libraries. */
export async function nghttpdProgram(): Promise<
  { path: string; libraries: string }
> {
  const { folder } = await unpacked("nghttp2", RECIPES.nghttp2);
  return {
    path: `${folder}/usr/sbin/nghttpd`,
    libraries: `${folder}/lib`,
  };
}

/** Where the parts of podman lie, unpacked. */
export interface PodmanPrograms {
  /** Folders for the front of its PATH. */
  readonly path: readonly string[];
  /** Folders for the front of the library path, with colons between. */
  readonly libraries: string;
  /** Path of conmon, which holds its containers' output. */
  readonly conmon: string;
  /** Path of runc, which runs its containers. */
  readonly runc: string;
  /** Path of the list of system calls that containers may use. */
  readonly seccomp: string;
  /** Debian packages with their versions, as `name version`. */
  readonly packages: readonly string[];
}

/**
 * Fetches podman from Debian, once, and unpacks it; nothing is installed.
 *
 * @throws {Error} If this machine cannot have it, saying why and what to do.
 */
export async function podmanPrograms(
  options: { signal?: AbortSignal | undefined } = {},
): Promise<PodmanPrograms> {
  const podman = await unpacked("podman", RECIPES.podman, options);
  const host = await unpacked("host", RECIPES.host, options);
  return {
    path: [`${podman.folder}/usr/bin`, `${host.folder}/usr/sbin`],
    libraries: `${podman.folder}/lib:${host.folder}/lib`,
    conmon: `${podman.folder}/usr/bin/conmon`,
    runc: `${host.folder}/usr/sbin/runc`,
    seccomp: `${podman.folder}/usr/share/containers/seccomp.json`,
    packages: [...podman.packages, ...host.packages],
  };
}

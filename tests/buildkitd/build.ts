import { openSuite, type Suite } from "../engines/apt.ts";
import { listFolder, runCommand } from "../engines/command.ts";
import { keptFolder } from "../engines/kept_folder.ts";
import { GO_PACKAGES } from "./go_packages.ts";

const SUITE = "forky";

/** Go source that stands for parts which Debian lacks, or which take long to build. */
const LEFT_OUT = `${import.meta.dirname}/left_out`;

/**
 * Import paths that Debian's packages have without their version: Go finds a
 * package of a GOPATH by its folder alone.
 */
const WITH_VERSION: Readonly<Record<string, string>> = {
  "github.com/coreos/go-systemd/v22": "github.com/coreos/go-systemd",
  "github.com/mitchellh/hashstructure/v2": "github.com/mitchellh/hashstructure",
};

/** Neither tests nor their data are built. */
const NOT_BUILT = ["*_test.go", "*/testdata", "./usr/share/doc", "*/go-*/test"];

const PROGRAMS = ["buildkitd", "buildctl"] as const;

/** Where BuildKit's own programs lie, both linked statically. */
export interface BuildkitPrograms {
  readonly buildkitd: string;
  readonly buildctl: string;
  /** The Debian packages that they were built from, as `name version`. */
  readonly packages: readonly string[];
}

/**
 * Builds buildkitd and buildctl from Debian's packages of Go source, once, and
 * keeps them below `tests/engines/.cache/`. Nothing is installed: the compiler
 * is unpacked, too, and goes when the programs are there.
 *
 * @param options.compare Also look once a day whether Debian has other versions
 * of the packages by now, and build anew from those.
 * @throws {Error} If this machine cannot have them, saying why and what to do.
 */
export async function buildkitPrograms(
  options: {
    readonly compare?: boolean;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<BuildkitPrograms> {
  const { compare = false, signal } = options;
  const recipe = JSON.stringify({
    suite: SUITE,
    packages: GO_PACKAGES,
    leftOut: await readAll(LEFT_OUT),
    links: WITH_VERSION,
  });
  const { folder, packages } = await keptFolder("buildkitd", recipe, {
    signal,
    fill: (kept, work) => build(kept, work, signal),
    isCurrent: compare ? (built) => isCurrent(built, signal) : undefined,
  });
  return {
    buildkitd: `${folder}/buildkitd`,
    buildctl: `${folder}/buildctl`,
    packages,
  };
}

async function build(
  kept: string,
  work: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const debs = await download(`${work}/apt`, signal);
  const packages: string[] = [];
  for (const deb of debs) {
    const format = ["--showformat=${Package} ${Version}", "-W", deb];
    packages.push(await runCommand("dpkg-deb", format, { signal }));
  }
  const root = `${work}/root`;
  await unpackAll(debs, root, signal);
  const source = `${root}/usr/share/gocode/src`;
  await leaveOut(source);
  const links = `${work}/links`;
  for (const [path, target] of Object.entries(WITH_VERSION)) {
    const link = `${links}/src/${path}`;
    await Deno.mkdir(link.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.symlink(`${source}/${target}`, link);
  }
  const docker = packages.find((name) => name.includes("-docker-docker-dev "));
  const version = `v0.0.0+docker${docker?.replace(/^.* |\+.*$/g, "")}`;
  // The lower priority leaves the processors to the tests that run meanwhile.
  await runCommand("nice", [
    ...["-n", "10", `${root}/usr/lib/go/bin/go`, "build", "-trimpath"],
    ...["-o", `${kept}/`],
    `-ldflags=-s -w -X github.com/moby/buildkit/version.Version=${version}`,
    ...PROGRAMS.map((name) => `github.com/moby/buildkit/cmd/${name}`),
  ], {
    cwd: work,
    env: {
      CGO_ENABLED: "0",
      GO111MODULE: "off",
      GOCACHE: `${work}/compiled`,
      GOENV: "off",
      GOFLAGS: "",
      GOPATH: `${links}:${root}/usr/share/gocode`,
      GOROOT: `${root}/usr/lib/go`,
      GOTELEMETRY: "off",
      GOTMPDIR: work,
      GOTOOLCHAIN: "local",
      HOME: work,
    },
    signal,
  });
  return packages;
}

/** Fetches the source and the suite's compiler. */
async function download(
  state: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const apt = await openSuite(state, SUITE, { signal });
  return await apt.download(await neededPackages(apt));
}

/** All packages by their names; those of the compiler have its version in them. */
async function neededPackages(apt: Suite): Promise<string[]> {
  const compiler = /^Depends:.*\b(golang-[\d.]+)-go\b/m
    .exec(await apt.show(["golang-go"]))?.[1];
  if (compiler === undefined) {
    throw new Error(
      `Cannot build buildkitd: golang-go of ${SUITE} depends on no golang-VERSION-go`,
    );
  }
  return ["golang-go", ...GO_PACKAGES, `${compiler}-go`, `${compiler}-src`];
}

/**
 * Whether Debian's suite still has the versions that the programs were built from.
 * Where no mirror answers they serve on.
 */
async function isCurrent(
  built: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const state = await Deno.makeTempDir({ prefix: "davit-apt-" });
  try {
    const apt = await openSuite(state, SUITE, { signal }).catch(() => {
      signal?.throwIfAborted();
    });
    if (apt === undefined) return true;
    const offered = versionsIn(await apt.show(await neededPackages(apt)));
    return JSON.stringify(offered) === JSON.stringify(built.toSorted());
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

/** The packages that `apt-cache show` tells of, as `name version`, sorted. */
export function versionsIn(shown: string): string[] {
  return shown.split("\n\n").flatMap((record) => {
    const name = /^Package: (.+)$/m.exec(record)?.[1];
    const version = /^Version: (.+)$/m.exec(record)?.[1];
    return name && version ? [`${name} ${version}`] : [];
  }).sort();
}

async function unpackAll(
  debs: readonly string[],
  root: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await Deno.mkdir(root);
  const exclude = NOT_BUILT.map((pattern) => `--exclude=${pattern}`);
  const script =
    'deb=$1 root=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" "$@"';
  const waiting = [...debs];
  const work = async () => {
    for (let deb = waiting.pop(); deb !== undefined; deb = waiting.pop()) {
      const args = ["-c", script, "sh", deb, root, ...exclude];
      await runCommand("sh", args, { signal });
    }
  };
  await Promise.all([work(), work()]);
}

/** Puts {@link LEFT_OUT} in the place of the packages of the same import paths. */
async function leaveOut(source: string): Promise<void> {
  for (const [path, text] of Object.entries(await readAll(LEFT_OUT))) {
    const folder = `${source}${path.slice("/src".length)}`
      .replace(/\/[^/]*$/, "");
    await Deno.mkdir(folder, { recursive: true });
    for (const name of await listFolder(folder)) {
      if (name.endsWith(".go")) await Deno.remove(`${folder}/${name}`);
    }
    await Deno.writeTextFile(`${source}${path.slice("/src".length)}`, text);
  }
}

/** The files below a folder with their texts, by their paths below it. */
async function readAll(
  folder: string,
  path = "",
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const entries = await Array.fromAsync(Deno.readDir(`${folder}${path}`));
  for (const { name, isDirectory } of entries.toSorted(byName)) {
    const below = `${path}/${name}`;
    if (isDirectory) Object.assign(found, await readAll(folder, below));
    else found[below] = await Deno.readTextFile(`${folder}${below}`);
  }
  return found;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

if (import.meta.main) {
  const { packages } = await buildkitPrograms({ compare: true });
  // deno-lint-ignore no-console
  console.log(packages.join("\n"));
}

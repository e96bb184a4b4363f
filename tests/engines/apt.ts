import { listFolder, runCommand, tryCommand } from "./command.ts";

const KEYRINGS = [
  "/usr/share/keyrings/debian-archive-keyring.gpg",
  "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/** Said after each reason why this machine cannot have engines of its own. */
export const USE_YOUR_OWN =
  "set DAVIT_TEST_HOST=unix:///path/to/docker.sock to use an engine of yours";

/**
 * Makes sure that Debian's packages can be fetched and an engine started here.
 *
 * @throws {Error} Saying in one sentence what is missing and what to do.
 */
export async function checkMachine(): Promise<void> {
  if (Deno.build.os !== "linux" || !await exists("/etc/debian_version")) {
    throw new Error(
      `Cannot fetch a Docker engine: this is not Debian; ${USE_YOUR_OWN}`,
    );
  }
  if (Deno.uid() !== 0) {
    throw new Error(
      `Cannot start a Docker engine: this needs root; run as root, or ${USE_YOUR_OWN}`,
    );
  }
  for (const program of ["apt-get", "dpkg-deb"]) {
    if (await exists(`/usr/bin/${program}`)) continue;
    throw new Error(
      `Cannot fetch a Docker engine: no ${program} here; ${USE_YOUR_OWN}`,
    );
  }
}

/**
 * Downloads packages of a Debian suite into `state/debs`, installing nothing.
 *
 * apt works on lists, a cache and a status of its own below `state`, so it
 * neither needs nor changes the machine's. Only the mirror is the machine's.
 *
 * @returns Paths of the downloaded `.deb` files.
 * @throws {Error} If no mirror of this machine serves the suite or a package.
 */
export async function downloadPackages(
  state: string,
  suite: string,
  packages: readonly string[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const apt = await openSuite(state, suite, options);
  return await apt.download(packages);
}

/** A suite whose lists were fetched, see {@link openSuite}. */
export interface Suite {
  /**
   * Downloads packages into `state/debs`.
   *
   * @returns Paths of all `.deb` files there.
   */
  download(packages: readonly string[]): Promise<string[]>;
  /** What apt knows about packages, as `apt-cache show` prints it. */
  show(packages: readonly string[]): Promise<string>;
}

/** Fetches the lists of a suite, as {@link downloadPackages} does. */
export async function openSuite(
  state: string,
  suite: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Suite> {
  const { signal } = options;
  const debs = `${state}/debs`;
  for (const folder of ["lists/partial", "cache/archives/partial", "debs"]) {
    await Deno.mkdir(`${state}/${folder}`, { recursive: true });
  }
  const config = await writeConfig(state);
  await update(state, suite, config, signal);
  return {
    async download(packages) {
      const args = ["-q", "-c", config, "download", ...packages];
      await runCommand("apt-get", args, { cwd: debs, signal });
      const names = await listFolder(debs);
      return names.filter((name) => name.endsWith(".deb")).sort()
        .map((name) => `${debs}/${name}`);
    },
    show: (packages) =>
      runCommand("apt-cache", ["-q", "-c", config, "show", ...packages], {
        signal,
      }),
  };
}

/** Refreshes the suite's lists from the first mirror of this machine that serves it. */
async function update(
  state: string,
  suite: string,
  config: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const keyring = await firstThatExists(KEYRINGS);
  const mirrors = await mirrorsOfThisMachine();
  if (keyring === undefined || mirrors.length === 0) {
    throw new Error(
      `Cannot fetch packages of ${suite}: apt has no Debian mirror or no archive keyring here; ${USE_YOUR_OWN}`,
    );
  }
  let cause: unknown;
  for (const mirror of mirrors) {
    const source = `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`;
    await Deno.writeTextFile(`${state}/sources.list`, source);
    try {
      await runCommand("apt-get", [
        "-q",
        "-c",
        config,
        "--error-on=any",
        "update",
      ], { signal });
      return;
    } catch (error) {
      signal?.throwIfAborted();
      cause = error;
    }
  }
  throw new Error(
    `Cannot fetch packages of ${suite}: no mirror of this machine serves it; ${USE_YOUR_OWN}`,
    { cause },
  );
}

/**
 * Base addresses of the archives that this machine's apt is set up to use.
 *
 * `--print-uris` answers from the sources files alone, so it also works
 * before the first `apt-get update`. Other vendors' archives may be among
 * them: they fail at Debian's signature.
 */
export async function mirrorsOfThisMachine(): Promise<string[]> {
  const { stdout } = await tryCommand("apt-get", ["--print-uris", "update"]);
  const release = /^'(.+?)\/dists\/([a-z]+)\/InRelease'/gm;
  const mirrors = [...stdout.matchAll(release)].map((match) => match[1] ?? "");
  return [...new Set(mirrors)];
}

/** Writes the apt configuration that keeps apt below `state`; returns its path. */
async function writeConfig(state: string): Promise<string> {
  const path = `${state}/apt.conf`;
  await Deno.writeTextFile(`${state}/status`, "");
  await Deno.writeTextFile(
    path,
    `#clear APT::Update;
#clear DPkg;
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
#clear Acquire::Languages;
Acquire::Languages "none";
Dir::Etc::SourceList "${state}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "${state}/lists";
Dir::State::status "${state}/status";
Dir::Cache "${state}/cache";
`,
  );
  return path;
}

async function firstThatExists(
  paths: readonly string[],
): Promise<string | undefined> {
  for (const path of paths) if (await exists(path)) return path;
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

import { DAVIT, INSTALLED } from "../../cli/command.ts";
import { CACHE } from "../../engines/kept_folder.ts";
import {
  readTextIfThere,
  runCommand,
  tryCommand,
} from "../../engines/command.ts";
import type { EngineDescription } from "../../engines/environment.ts";

/** Every client, in the order of the report. */
export const CLIENT_NAMES = [
  "davit-command",
  "davit-plain",
  "davit-dir",
  "davit-buildkit",
  "davit-no-history",
  "davit-tar",
  "docker",
  "dockerode",
  "node-sdk",
] as const;

/** Name of a client. */
export type ClientName = typeof CLIENT_NAMES[number];

/** One way to build a directory, as a program of its own. */
export interface Client {
  readonly name: ClientName;
  /** What it is, in words for the report. */
  readonly title: string;
  readonly program: string;
  /** Its arguments for a build of `path` that is to be called `tag`. */
  args(path: string, tag: string): readonly string[];
  /** Folder to run in. */
  readonly cwd: string;
  /** What it has in its environment beside what leads to the engine. */
  readonly env?: Record<string, string>;
}

/** The newest of each when this was written; a user of them would have these. */
const PEERS = {
  "@docker/node-sdk": "0.0.17",
  "dockerode": "5.0.1",
  "tar-fs": "3.1.3",
};

/** Beside the unpacked engines: out of the package, out of git, and gone with `deno task clean`. */
const PEERS_FOLDER = `${CACHE}/peers`;

/**
 * Deno's cache of the command as it is installed: the compiled code of the other
 * flags, which the programs of davit have, would take the place of its own.
 */
export const INSTALLED_DENO_DIR: string = `${CACHE}/installed-deno-dir`;

/** The clients asked for, ready to run against `engine`. */
export async function prepareClients(
  names: readonly ClientName[],
  engine: EngineDescription,
): Promise<Client[]> {
  if (names.some((name) => name === "dockerode" || name === "node-sdk")) {
    await installPeers();
  }
  return names.map((name) => describeClient(name, engine));
}

function describeClient(name: ClientName, engine: EngineDescription): Client {
  const here = import.meta.dirname!;
  switch (name) {
    case "davit-command":
      return {
        ...davitClient(name, "`davit build`", INSTALLED),
        env: { DENO_DIR: INSTALLED_DENO_DIR },
      };
    case "davit-plain":
      return davitClient(
        name,
        "`davit build`, without Deno's flags",
        DAVIT,
      );
    case "davit-dir":
      return denoClient(name, "davit (directory)", `${here}/davit_dir.ts`);
    case "davit-buildkit":
      return denoClient(
        name,
        "davit (BuildKit's API)",
        `${here}/davit_dir.ts`,
        JSON.stringify({ api: "buildkit" }),
      );
    case "davit-no-history":
      return denoClient(
        name,
        "davit (BuildKit's API, no history)",
        `${here}/davit_dir.ts`,
        JSON.stringify({ api: "buildkit", history: false }),
      );
    case "davit-tar":
      return denoClient(name, "davit (tar)", `${here}/davit_tar.ts`);
    case "docker":
      return {
        name,
        title: "`docker build`",
        program: engine.cli ?? "docker",
        args: (path, tag) => ["build", "--tag", tag, path],
        cwd: "/",
      };
    case "dockerode":
      return nodeClient(name, "dockerode", `${here}/dockerode.mjs`);
    case "node-sdk":
      return nodeClient(name, "@docker/node-sdk", `${here}/node_sdk.mjs`);
  }
}

function davitClient(
  name: ClientName,
  title: string,
  [program, ...words]: readonly string[],
): Client {
  return {
    name,
    title,
    program: program!,
    args: (path, tag) => [...words, "build", "--tag", tag, path],
    cwd: "/",
  };
}

function denoClient(
  name: ClientName,
  title: string,
  script: string,
  ...more: string[]
): Client {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  return {
    name,
    title,
    program: Deno.execPath(),
    args: (path, tag) => [
      ...["run", "-A", `--config=${config}`, script, path, tag],
      ...more,
    ],
    cwd: "/",
  };
}

function nodeClient(name: ClientName, title: string, script: string): Client {
  return {
    name,
    title,
    program: "node",
    args: (path, tag) => [script, path, tag],
    cwd: PEERS_FOLDER,
  };
}

/** Installs the other libraries, once, away from this package's own dependencies. */
async function installPeers(): Promise<void> {
  const manifest = JSON.stringify({ private: true, dependencies: PEERS });
  const mark = `${PEERS_FOLDER}/installed.json`;
  if (await readTextIfThere(mark) === manifest) return;
  await Deno.mkdir(PEERS_FOLDER, { recursive: true });
  await Deno.writeTextFile(`${PEERS_FOLDER}/package.json`, manifest);
  // No scripts: they would only compile ssh2's optional parts.
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
  await runCommand("npm", ["install", ...flags], { cwd: PEERS_FOLDER });
  await Deno.writeTextFile(mark, manifest);
}

/** The versions of all programs that take part, one line each. */
export async function describeVersions(
  engine: EngineDescription,
): Promise<string[]> {
  const { cli = "docker", cliEnv } = engine;
  const first = async (program: string, args: string[]) => {
    const { code, stdout } = await tryCommand(program, args, { env: cliEnv });
    return code === 0 ? stdout.trim().split("\n")[0]! : undefined;
  };
  const buildx = await first(cli, ["buildx", "version"]);
  const node = await first("node", ["--version"]);
  const peers = Object.entries(PEERS).map(([name, version]) =>
    `${name} ${version}`
  );
  return [
    `engine ${engine.name}`,
    `docker's client: ${await first(cli, ["--version"])}`,
    ...(buildx === undefined ? [] : [`buildx: ${buildx}`]),
    `deno ${Deno.version.deno}, node ${node}`,
    peers.join(", "),
  ];
}

// docker's own client, with buildx and a login of its own.

import { runProgram } from "../cli/command.ts";
import { tarEntries } from "../context/image_listing.ts";
import { sha256 } from "../support/digest.ts";
import type { EngineContext } from "../support/engines.ts";
import { LOGIN_BASE64 } from "../support/registry.ts";

/** Runs docker's client of an engine. */
export interface DockerCommand extends AsyncDisposable {
  /** Folder of its configuration. */
  readonly config: string;
  /**
   * Runs it to its end.
   *
   * @param env Variables besides its own.
   * @returns Its standard output.
   * @throws {Error} With what it said, if it fails.
   */
  run(
    args: readonly string[],
    cwd?: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Runs it to its end, for what it says on standard error. */
  log(args: readonly string[]): Promise<string>;
}

/** A client whose configuration has logins to these registries. */
export async function dockerCommand(
  { host, cli, cliEnv }: Pick<EngineContext, "host" | "cli" | "cliEnv">,
  registries: readonly string[] = [],
): Promise<DockerCommand> {
  const folder = await Deno.makeTempDir({ prefix: "davit-buildx-" });
  const plugins = `${cliEnv.DOCKER_CONFIG}/cli-plugins`;
  if (await Deno.stat(plugins).then(() => true, () => false)) {
    await Deno.symlink(plugins, `${folder}/cli-plugins`);
  }
  const auths = registries.map((name) => [name, { auth: LOGIN_BASE64 }]);
  await Deno.writeTextFile(
    `${folder}/config.json`,
    JSON.stringify({ auths: Object.fromEntries(auths) }),
  );
  const env = { ...cliEnv, DOCKER_HOST: host, DOCKER_CONFIG: folder };
  const run = async (
    args: readonly string[],
    cwd?: string,
    more: Readonly<Record<string, string>> = {},
  ) => {
    const output = await runProgram([cli!, ...args], {
      env: { ...env, ...more },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { code, stderr } = output;
    if (code === 0) return output;
    throw new Error(`docker ${args.join(" ")}: exit code ${code}\n${stderr}`);
  };
  return {
    config: folder,
    run: async (...given) => (await run(...given)).stdout,
    log: async (args) => (await run(args)).stderr,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/**
 * Pulls an image and lists its files, as `path kind mode owner size digest
 * target`: from a container that is never started. The image is removed again.
 */
export async function pulledFiles(
  docker: DockerCommand,
  image: string,
  platform: string,
): Promise<string[]> {
  await docker.run(["pull", "--quiet", "--platform", platform, image]);
  const create = ["create", "--network=none", "--platform", platform];
  const id = decoded(await docker.run([...create, image, "/none"]));
  try {
    const tar = await docker.run(["export", id]);
    const files = [];
    for (const { path, fields, content } of tarEntries(tar)) {
      const [type, mode, uid, gid, size, , , , , target] = fields.split(" ");
      files.push(
        [path, type, mode, uid, gid, size, await sha256(content), target]
          .join(" "),
      );
    }
    return files.sort();
  } finally {
    await docker.run(["rm", "--force", id]);
    await docker.run(["image", "rm", "--force", image]);
  }
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}

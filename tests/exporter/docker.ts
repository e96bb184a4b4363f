import type { EngineContext } from "../support/engines.ts";
import type { DaemonPlace } from "../support/way.ts";

/** Where docker's own client builds: on an engine, or on a daemon. */
interface DockerPlace extends Pick<EngineContext, "cli" | "cliEnv"> {
  readonly daemon?: DaemonPlace | undefined;
}

/** What docker's own client makes of a build: the reference of the tests here. */
export async function dockerExport(
  place: DockerPlace,
  output: string,
  dockerfile: readonly string[],
): Promise<void> {
  const context = await Deno.makeTempDir({ prefix: "davit-exporter-" });
  try {
    await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile.join("\n"));
    await dockerExportOf(place, output, context);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

/** The same of a folder. */
export async function dockerExportOf(
  { cli, cliEnv, daemon }: DockerPlace,
  output: string,
  context: string,
): Promise<void> {
  const buildx = await Deno.makeTempDir({ prefix: "davit-buildx-" });
  try {
    const { success, stderr } = await new Deno.Command(cli!, {
      args: ["build", "--network", "none", "-o", output, context],
      env: {
        ...cliEnv,
        DOCKER_BUILDKIT: "1",
        ...(daemon === undefined ? {} : await builderEnv(buildx, daemon)),
      },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(buildx, { recursive: true });
  }
}

/** Writes a builder of buildx's in a folder; returns what names it. */
async function builderEnv(
  folder: string,
  { address, tls = {} }: DaemonPlace,
): Promise<Record<string, string>> {
  const options: Record<string, string> = {};
  for (const [name, pem] of Object.entries(tls)) {
    const path = `${folder}/${name}.pem`;
    await Deno.writeTextFile(path, `${pem}`);
    options[name === "ca" ? "cacert" : name] = path;
  }
  await Deno.mkdir(`${folder}/instances`);
  await Deno.writeTextFile(
    `${folder}/instances/daemon`,
    JSON.stringify({
      Name: "daemon",
      Driver: "remote",
      Nodes: [{ Name: "daemon0", Endpoint: address, DriverOpts: options }],
    }),
  );
  return { BUILDX_CONFIG: folder, BUILDX_BUILDER: "daemon" };
}

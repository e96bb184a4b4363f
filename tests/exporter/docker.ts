import type { EngineContext } from "../support/engines.ts";

/** What docker's own client makes of a build: the reference of the tests here. */
export async function dockerExport(
  engine: Pick<EngineContext, "cli" | "cliEnv">,
  output: string,
  dockerfile: readonly string[],
): Promise<void> {
  const context = await Deno.makeTempDir({ prefix: "davit-exporter-" });
  try {
    await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile.join("\n"));
    await dockerExportOf(engine, output, context);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

/** The same of a folder. */
export async function dockerExportOf(
  { cli, cliEnv }: Pick<EngineContext, "cli" | "cliEnv">,
  output: string,
  context: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(cli!, {
    args: ["build", "--network", "none", "-o", output, context],
    env: { ...cliEnv, DOCKER_BUILDKIT: "1" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

import type { EngineContext } from "../support/engines.ts";

/** What docker's own client came to. */
export interface DockerBuild {
  readonly success: boolean;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
}

/** Builds by docker's own client, with BuildKit. */
export async function tryDockerBuild(
  { cli, cliEnv }: EngineContext,
  root: string,
  args: readonly string[],
): Promise<DockerBuild> {
  const { success, stdout, stderr } = await new Deno.Command(cli!, {
    args: ["build", ...args, root],
    env: { ...cliEnv, DOCKER_BUILDKIT: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { success, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** The same, which must go well. */
export async function dockerBuild(
  context: EngineContext,
  root: string,
  args: readonly string[],
): Promise<void> {
  const { success, stderr } = await tryDockerBuild(context, root, args);
  if (!success) throw new Error(stderr);
}

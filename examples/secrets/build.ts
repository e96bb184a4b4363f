import { displayBuild, type DockerClient } from "../../mod.ts";

/** What a build of the example needs. */
export interface SecretBuild {
  /** The secret's value. */
  readonly token: string;
  /** Image to build from. */
  readonly base: string;
  /** Cancels the build. */
  readonly signal: AbortSignal;
}

/**
 * Builds `examples/secrets/Dockerfile` with the secret, and shows the build's log
 * while it runs.
 *
 * @returns The image's id, and what the steps printed.
 */
export async function buildWithSecret(
  docker: DockerClient,
  options: SecretBuild,
): Promise<{ imageId: string; log: string }> {
  const dockerfile = new URL("./Dockerfile", import.meta.url);
  await using build = docker.imageBuild({ dockerfile }, {
    tag: "davit-demo/secret:latest",
    buildargs: { BASE: options.base },
    networkmode: "none",
    nocache: true, // a cached step would not ask for its secret again
    secrets: { github_token: options.token },
    strictSecrets: true,
    signal: options.signal,
  });
  await displayBuild(build, { mode: "plain", output: Deno.stdout });
  const log = new Response(
    build.logs() as ReadableStream<Uint8Array<ArrayBuffer>>,
  );
  return { imageId: await build.wait(), log: await log.text() };
}

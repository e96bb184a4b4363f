/**
 * Builds the Dockerfile beside this file with a secret, and proves two things:
 * the step read exactly the given bytes, and the image does not hold them.
 *
 *     deno task demo
 *
 * It uses the engine that docker's CLI would use. If there is none, it starts a
 * private engine from Debian's packages (this needs root), and removes it at the
 * end.
 */
import { ConnectionError, DockerClient } from "../../mod.ts";
import { startTestEngines } from "../../tests/engines/environment.ts";
import { BASE_IMAGE } from "../../tests/engines/base_image.ts";
import { say, supervise } from "../../tests/engines/supervise.ts";
import { buildWithSecret } from "./build.ts";

Deno.exit(
  await supervise(async ({ signal }) => {
    try {
      await using docker = await DockerClient.fromDockerConfig();
      await docker.ping();
      return await demonstrate(docker, "busybox", signal);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      say(`${error.message}\nStarting a private engine from Debian instead …`);
    }
    await using engines = await startTestEngines([{
      generation: "28",
      signal,
    }]);
    for (const line of engines.log) say(line);
    await using docker = await DockerClient.fromDockerHost(
      engines.engines[0]!.host,
    );
    return await demonstrate(docker, BASE_IMAGE, signal);
  }),
);

async function demonstrate(
  docker: DockerClient,
  base: string,
  signal: AbortSignal,
): Promise<number> {
  const token = `ghp_${crypto.randomUUID()}`;
  const version = await docker.version();
  say(
    `\nEngine ${version.Version}, API ${await docker
      .apiVersion()}. Building …\n`,
  );
  const { imageId, log } = await buildWithSecret(docker, {
    token,
    base,
    signal,
  });

  const digest = await sha256(token);
  const arrived = log.includes(`the step reads ${digest}`);
  say(`\nimage                    ${imageId}`);
  say(`SHA-256 of the secret    ${digest}`);
  say(
    `read by the step         ${arrived ? "the same ✓" : "something else ✗"}`,
  );

  const { finds, bytes } = await docker.imageVerifySecrets(
    imageId,
    { token },
    { signal },
  );
  const stayed = finds.length > 0;
  say(
    `in the image             ${
      stayed ? "yes ✗" : "no ✓"
    } (layers, history, configuration: ${bytes} bytes looked at)`,
  );
  await docker.imageRemove(imageId, { force: true });
  return arrived && !stayed ? 0 : 1;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

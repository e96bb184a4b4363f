/**
 * Builds a directory as a tar stream by davit: the client `davit-tar` of the benchmark.
 *
 *     deno run -A davit_tar.ts PATH TAG
 */
import { DockerClient, tarDirectory } from "../../../mod.ts";

const [path, tag] = Deno.args as [string, string];

await using docker = await DockerClient.fromDockerHost(
  Deno.env.get("DOCKER_HOST")!,
);
const began = performance.now();
await docker.imageBuild(tarDirectory(path), { tag }).wait();
const milliseconds = performance.now() - began;
Deno.stdout.writeSync(
  new TextEncoder().encode(`${JSON.stringify({ milliseconds })}\n`),
);

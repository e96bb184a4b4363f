/**
 * Builds a directory by davit: the client `davit-dir` of the benchmark.
 *
 *     deno run -A davit_dir.ts PATH TAG
 */
import { DockerClient } from "../../../mod.ts";

const [path, tag] = Deno.args as [string, string];

await using docker = await DockerClient.fromDockerHost(
  Deno.env.get("DOCKER_HOST")!,
);
const began = performance.now();
await docker.imageBuild(path, { tag }).wait();
const milliseconds = performance.now() - began;
Deno.stdout.writeSync(
  new TextEncoder().encode(`${JSON.stringify({ milliseconds })}\n`),
);

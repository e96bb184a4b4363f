/**
 * Builds a directory by davit: the clients `davit-dir`, `davit-buildkit` and
 * `davit-no-history` of the benchmark.
 *
 *     deno run -A davit_dir.ts PATH TAG [OPTIONS AS JSON]
 */
import { DockerClient } from "../../../mod.ts";

const [path, tag, options = "{}"] = Deno.args as [string, string, string?];

await using docker = await DockerClient.fromDockerHost(
  Deno.env.get("DOCKER_HOST")!,
);
const began = performance.now();
await docker.imageBuild(path, { ...JSON.parse(options), tag }).wait();
const milliseconds = performance.now() - began;
Deno.stdout.writeSync(
  new TextEncoder().encode(`${JSON.stringify({ milliseconds })}\n`),
);

/** Builds the context given as a tar on standard input and shows it as plain text: one client of `log_bench.ts`. */
import { displayBuild, DockerClient } from "../../mod.ts";

await using docker = await DockerClient.fromDockerConfig();
const build = docker.imageBuild(Deno.stdin.readable, {
  networkmode: "none",
  nocache: true,
  ...(Deno.args[0] === "secret"
    ? { secrets: { token: "a-token-that-no-step-prints" } }
    : {}),
});
await displayBuild(build, { mode: "plain", output: Deno.stdout });

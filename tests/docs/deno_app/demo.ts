/**
 * Runs `deno task image` of `examples/deno-app`, and the image: with a private
 * engine, a registry of the tests' own, and a base image made of this Deno.
 *
 *     deno task demo:app
 */
import { DockerClient } from "../../../mod.ts";
import { startTestEngines } from "../../engines/environment.ts";
import { say, supervise } from "../../engines/supervise.ts";
import { withTempFolder } from "../../support/folder.ts";
import { denoFolder } from "../deno_folder.ts";
import { APP_TAG, openDenoApp } from "./open_app.ts";
import { runContainer } from "./run_container.ts";

Deno.exit(
  await supervise(async ({ signal, run }) => {
    await using engines = await startTestEngines([{
      generation: "28",
      signal,
    }]);
    for (const line of engines.log) say(line);
    const engine = engines.engines[0]!;
    const socketPath = engine.host.slice("unix://".length);
    await using docker = await DockerClient.fromDockerHost(engine.host);
    let code = 1;
    await withTempFolder(async (home) => {
      await using app = await openDenoApp(
        { ...engine, docker, socketPath },
        { home },
      );
      say(`\nThe registry at ${app.registry.host} wants a token.\n`);
      code = await run("env", [
        ...["-C", app.folder, Deno.execPath(), "task", "image"],
      ], {
        HOME: home,
        DENO_DIR: await denoFolder(),
        DOCKER_HOST: engine.host,
      });
      if (code === 0) say(`\n${await runContainer(socketPath, APP_TAG)}`);
    });
    return code;
  }),
);

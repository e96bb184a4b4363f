// deno-lint-ignore-file camelcase -- as the proposal has its names
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { collect, traceText } from "../support/builds.ts";
import { sha256 } from "../support/digest.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";
import { changedEnvironment } from "../support/environment.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { endpointFromHost } from "../../lib/transport/docker_config.ts";
import { DockerClient } from "../../mod.ts";

/** The engine's client; its steps have no network, which the test's engines lack. */
async function clientOf(host: string): Promise<DockerClient> {
  const transport = await connectEndpoint(await endpointFromHost(host));
  return new DockerClient({
    fetch: (path, init) =>
      transport.fetch(
        path.replace(/\/build\?/, "/build?networkmode=none&"),
        init,
      ),
    upgrade: (path, init) => transport.upgrade!(path, init),
    close: () => transport.close(),
  });
}

/**
 * The proposal for @docker/node-sdk as it was written, but for its import line:
 * values are what `Deno.env.get` and a file give.
 */
async function proposal(
  docker: DockerClient,
  tarStream: ReadableStream,
  path: string,
) {
  const build = docker.imageBuild(tarStream, {
    tag: "myapp:latest",
    version: "2",
    secrets: {
      github_token: Deno.env.get("GITHUB_TOKEN"),
      npm_token: Deno.env.get("NPM_TOKEN"),
      ssh_key: await Deno.readTextFile(path),
    },
  });
  return build;
}

engineTest(
  "the proposal that davit implements type-checks and runs as it was written",
  ({ host }) =>
    withTempFolder(async (folder) => {
      await using docker = await clientOf(host);
      const values = {
        github_token: `github ${crypto.randomUUID()}`,
        npm_token: `npm ${crypto.randomUUID()}`,
        ssh_key: `-----BEGIN\n${crypto.randomUUID()}\n-----END\n`,
      };
      await Deno.writeTextFile(`${folder}/key`, values.ssh_key);
      const env = {
        GITHUB_TOKEN: values.github_token,
        NPM_TOKEN: values.npm_token,
      };
      {
        using _env = changedEnvironment(env);
        const mounts = Object.keys(values).map((id) =>
          `--mount=type=secret,id=${id},required=true`
        );
        const tar = dockerfileTar(
          "FROM davit-test/base",
          `ENV M=${crypto.randomUUID()}`,
          `RUN ${mounts.join(" ")} cd /run/secrets && sha256sum *`,
        );
        const build = await proposal(docker, tar, `${folder}/key`);
        const { messages, error } = await collect(build);
        assertEquals(error, undefined);
        for (const [id, value] of Object.entries(values)) {
          assertStringIncludes(
            traceText(messages),
            `${await sha256(value)}  ${id}`,
          );
        }
      }
      await docker.imageRemove("myapp:latest");
    }),
);

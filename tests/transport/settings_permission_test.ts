import { ConnectionError, DockerClient } from "../../mod.ts";
import { withSettings } from "../../lib/transport/docker_config.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("a setting that may not be read is an error that names it, and the flag", async () => {
  const cases: readonly [deno: string, words: string][] = [
    [
      'Requires env access to "DOCKER_HOST", run again with the --allow-env flag',
      "Cannot find the engine: this program may not read DOCKER_HOST: run it with --allow-env=DOCKER_HOST if that variable is set, else with --allow-env and --allow-read, or give the engine's address",
    ],
    [
      'Requires read access to "/home/a/.docker/config.json", run again with the --allow-read flag',
      "Cannot find the engine: this program may not read /home/a/.docker/config.json: run it with --allow-read=/home/a/.docker/config.json",
    ],
    [
      "Requires env access to <VAR>",
      "Cannot find the engine: this program may not read docker's settings: run it with --allow-env",
    ],
  ];
  for (const [deno, words] of cases) {
    const cause = new Deno.errors.NotCapable(deno);
    const error = await assertRejects(
      () => withSettings(() => Promise.reject(cause)),
      ConnectionError,
    );
    assertEquals([error.message, error.cause], [words, cause]);
  }
  const other = new TypeError("another");
  await assertRejects(
    () => withSettings(() => Promise.reject(other)),
    TypeError,
    "another",
  );
});

Deno.test({
  name: "a client without permissions names the variable that it may not read",
  permissions: { env: false, read: true, net: false, run: false },
  async fn() {
    for (
      const [make, name] of [
        [() => DockerClient.fromDockerConfig(), "DOCKER_HOST"],
        [
          () => DockerClient.fromDockerHost("tcp://127.0.0.1:1"),
          "DOCKER_TLS_VERIFY",
        ],
        [() => DockerClient.fromDockerContext("any"), "DOCKER_CONFIG"],
      ] as const
    ) {
      await assertRejects<Error>(
        make,
        ConnectionError,
        `may not read ${name}: run it with --allow-env=${name}`,
      );
    }
  },
});

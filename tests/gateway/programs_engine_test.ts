import { DockerClient, UnsupportedError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { startRegistry } from "../support/registry.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { WORKERS } from "./clients.ts";
import { startGateway } from "./gateway.ts";

const ALLOWED = ["images", "push", "pull", "prune"] as const;

/** What each of them must have written. */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  dockerode: [
    "built true",
    "inspected y",
    "pushed true",
    "listed true",
    "leaves the version out",
  ],
  "docker-py": [
    "built b",
    "tagged True",
    "pushed True",
    "pulled ['",
    "listed True True",
  ],
};

for (const { name, work } of WORKERS) {
  engineTest(
    `${name} builds, tags, pushes, pulls, lists and removes through the gateway`,
    async ({ host }) => {
      await using registry = await startRegistry();
      await using served = await startGateway({
        engine: host,
        allow: ALLOWED,
      });
      await withTempFolder(async (folder) => {
        const tar = `${folder}/context.tar`;
        await Deno.writeFile(
          tar,
          await tarBytes({
            Dockerfile: "FROM davit-test/base\nARG A\nRUN echo $A > /a\n",
          }),
        );
        const repo = `${registry.host}/work-${crypto.randomUUID()}`;
        const text = await work(served.path, tar, repo);
        for (const written of WRITTEN[name]!) {
          assertStringIncludes(text, written, text);
        }
      });
    },
  );
}

engineTest(
  "docker's own client with BuildKit is refused in words, and builds nothing",
  async ({ host, generation, cli, cliEnv }) => {
    await using served = await startGateway({ engine: host, allow: ALLOWED });
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        "FROM scratch\nENV a=b\n",
      );
      const name = `davit-refused-${crypto.randomUUID()}`;
      const docker = (...args: string[]) =>
        new Deno.Command(cli!, {
          args,
          env: {
            ...cliEnv,
            DOCKER_HOST: `unix://${served.path}`,
            DOCKER_BUILDKIT: "1",
          },
        }).output();
      const { code, stderr } = await docker("build", "-t", name, folder);
      const text = new TextDecoder().decode(stderr);
      assertEquals(code, 1, text);
      assertStringIncludes(
        text,
        generation === "20"
          ? "this remote is between an engine and its own client"
          : "davit build takes the same flags",
      );
      const { stdout } = await docker("images", "-q", name);
      assertEquals(new TextDecoder().decode(stdout), "");
    });
  },
  ({ cli }) => cli !== undefined,
);

engineTest(
  "davit's options that need BuildKit's own API are refused by name before a gateway",
  async ({ host }) => {
    await using served = await startGateway({ engine: host, allow: ALLOWED });
    await using docker = await DockerClient.fromDockerHost(
      `unix://${served.path}`,
    );
    const error = await assertRejects(
      () =>
        docker.imageBuild(dockerfileTar("FROM scratch", "ENV a=b"), {
          attest: { provenance: "min" },
        }).wait(),
      UnsupportedError,
    );
    assertStringIncludes(error.message, "attest");
    assertStringIncludes(error.message, "use the engine's own socket");
  },
);

engineTest(
  "docker's own client builds, pushes and pulls through the gateway",
  async ({ host, cli, cliEnv }) => {
    assert(cli !== undefined);
    await using registry = await startRegistry();
    await using served = await startGateway({ engine: host, allow: ALLOWED });
    const docker = async (...args: string[]) => {
      const { stdout, stderr, success } = await new Deno.Command(cli, {
        args,
        env: {
          ...cliEnv,
          DOCKER_HOST: `unix://${served.path}`,
          DOCKER_BUILDKIT: "0",
        },
      }).output();
      const decoder = new TextDecoder();
      const text = decoder.decode(stdout) + decoder.decode(stderr);
      assert(success, `docker ${args.join(" ")}: ${text}`);
      return text;
    };
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        `FROM davit-test/base\nLABEL a=${crypto.randomUUID()}\n`,
      );
      const name = `${registry.host}/cli-${crypto.randomUUID()}`;
      await docker("build", "-t", name, folder);
      await docker("tag", name, `${name}:other`);
      assertStringIncludes(await docker("push", `${name}:other`), "digest:");
      await docker("rmi", `${name}:other`);
      await docker("pull", `${name}:other`);
      assertStringIncludes(await docker("images", name), "other");
      await docker("rmi", "-f", `${name}:other`, name);
      await docker("image", "prune", "-f", "--filter", "label=davit-never");
    });
  },
  ({ cli }) => cli !== undefined,
);

import { DockerClient } from "../../mod.ts";
import {
  defaultSockets,
  findDefaultSocket,
} from "../../lib/transport/default_sockets.ts";
import { formatEndpoint } from "../../lib/transport/endpoint.ts";
import { assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";

engineTest(
  "an engine is found in each of the places where engines for one user have their sockets",
  async ({ docker, socketPath }) => {
    const { Version } = await docker.version();
    await withTempFolder(async (folder) => {
      const values: Record<string, string> = {
        HOME: `${folder}/home`,
        XDG_RUNTIME_DIR: `${folder}/run`,
        TMPDIR: `${folder}/tmp/`,
      };
      // Those of the machine's own engines come before and between them.
      const sockets = defaultSockets({ get: (name) => values[name] })
        .filter(({ within }) => within !== undefined);
      assertEquals(sockets.length, 9);
      const found: string[] = [];
      // From the last one on: each is found before those that are there already.
      for (const { path, of } of sockets.toReversed()) {
        await Deno.mkdir(path.replace(/\/[^/]+$/, ""), { recursive: true });
        await Deno.symlink(socketPath, path);
        const answering = await findDefaultSocket(sockets);
        assertEquals(answering, {
          endpoint: { kind: "unix", path },
          of,
          passedOver: [],
        });
        await using client = await DockerClient.fromDockerHost(
          formatEndpoint(answering.endpoint),
        );
        assertEquals((await client.version()).Version, Version);
        found.push(of);
      }
      assertEquals(new Set(found).size, 7);
    });
  },
);

import { assert, assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { type Credentials, DockerClient } from "../../mod.ts";

engineTest(
  "the classic builder gets the client's logins for a private base image",
  async ({ docker, host }) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using other = await startRegistry({ auth: "basic" });
    const asked: string[] = [];
    const sources: Record<string, Credentials> = {
      "by registry": { [registry.host]: LOGIN },
      "a function": (host) => {
        asked.push(host);
        return host === registry.host ? { auth: LOGIN_BASE64 } : null;
      },
    };
    for (const [name, credentials] of Object.entries(sources)) {
      await using client = await DockerClient.fromDockerHost(host, {
        credentials,
      });
      const image = await registry.put("app:latest");
      await withTempFolder(async (folder) => {
        await writeTree(folder, {
          Dockerfile: "ARG HOST\nFROM ${HOST}/app\nLABEL a=b\n",
        });
        const { imageId, warnings } = await client.imageBuild(folder, {
          version: "1",
          buildargs: { HOST: registry.host },
        }).result();
        assertEquals(warnings, [], name);
        await docker.imageRemove(imageId);
        await docker.imageRemove(image).catch(() => {}); // gone with its last name
      });
    }
    assertEquals(asked, [registry.host]);
    assert(registry.requests.some(({ authorization }) => authorization));
    assertEquals(other.requests.length, 0);
  },
);

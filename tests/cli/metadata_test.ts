import { buildMetadata } from "../../lib/cli/metadata.ts";
import { DockerClient } from "../../lib/client.ts";
import { fetchTransport } from "../../lib/transport/fetch.ts";
import { assertEquals } from "../support/assert.ts";

const ID = `sha256:${"a".repeat(64)}`;

Deno.test("an engine with containerd's store that tells no descriptor, or null, has an image's digest all the same", async () => {
  for (const told of [{}, { Descriptor: null }]) {
    await using docker = new DockerClient(fetchTransport("http://e.example", {
      fetch: (url) =>
        Promise.resolve(
          Response.json(
            String(url).endsWith("/info")
              ? {
                DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
              }
              : { Id: ID, ...told },
            { headers: { "Api-Version": "1.47" } },
          ),
        ),
    }));
    const { signal } = new AbortController();
    assertEquals(
      await buildMetadata(
        docker,
        { imageId: ID, names: ["a:1"] },
        undefined,
        signal,
      ),
      {
        "containerimage.digest": ID,
        "image.name": "docker.io/library/a:1",
      },
    );
  }
});

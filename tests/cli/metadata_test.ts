import { buildMetadata } from "../../lib/cli/metadata.ts";
import { DockerClient } from "../../lib/client/docker_client.ts";
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

Deno.test("an image in containerd's store has its manifest's descriptor, and its configuration's digest where the engine tells it", async () => {
  const config = `sha256:${"c".repeat(64)}`;
  const descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: ID,
    size: 7,
  };
  let asked = 0;
  const metadataOf = async (
    imageId: string,
    annotations: Record<string, string> | undefined,
  ) => {
    await using docker = new DockerClient(fetchTransport("http://e.example", {
      fetch: (url) => {
        asked++;
        return Promise.resolve(
          Response.json(
            String(url).endsWith("/info")
              ? {
                DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
              }
              : {
                Id: ID,
                Architecture: "riscv64",
                Os: "linux",
                Descriptor: { ...descriptor, annotations },
              },
            { headers: { "Api-Version": "1.51" } },
          ),
        );
      },
    }));
    const { signal } = new AbortController();
    return await buildMetadata(
      docker,
      { imageId, names: [] },
      undefined,
      signal,
    );
  };
  const platform = { architecture: "riscv64", os: "linux" };
  const plain = {
    "containerimage.descriptor": { ...descriptor, platform },
    "containerimage.digest": ID,
  };
  assertEquals(await metadataOf(ID, { "config.digest": config }), {
    ...plain,
    "containerimage.config.digest": config,
  });
  for (const annotations of [{}, undefined]) {
    const told = await metadataOf(ID, annotations);
    assertEquals(told, plain);
    assertEquals(Object.hasOwn(told, "containerimage.config.digest"), false);
  }
  // An export has no image: nobody is asked about one.
  asked = 0;
  assertEquals(await metadataOf("", {}), {});
  assertEquals(asked, 0);
});

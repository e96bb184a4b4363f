import { createBuilder } from "../../lib/buildx/create.ts";
import { reachNode } from "../../lib/buildx/reach.ts";
import { parseBuilderAddress } from "../../lib/builder/address.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

Deno.test("a container is reached by its docker context, whatever letters that has", async () => {
  // An engine that says of each container that it runs.
  const engine = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      Response.json(
        request.url.endsWith("/json")
          ? { Id: "1", State: { Running: true } }
          : { ApiVersion: "1.45", MinAPIVersion: "1.24" },
        { headers: { "api-version": "1.45" } },
      ),
  );
  try {
    await withTempFolder(async (folder) => {
      const context = "far+away.one";
      const bytes = new TextEncoder().encode(context);
      const digest = new Uint8Array(
        await crypto.subtle.digest("SHA-256", bytes),
      ).toHex();
      const meta = `${folder}/contexts/meta/${digest}`;
      await Deno.mkdir(meta, { recursive: true });
      await Deno.writeTextFile(
        `${meta}/meta.json`,
        JSON.stringify({
          Name: context,
          Endpoints: {
            docker: { Host: `tcp://127.0.0.1:${engine.addr.port}` },
          },
        }),
      );
      const { instance } = createBuilder({
        name: "ci",
        driver: "docker-container",
        append: false,
        ownEngine: context,
        endpoint: context,
      }, undefined);
      const env = {
        get: (name: string) => name === "DOCKER_CONFIG" ? folder : undefined,
      };
      const { address } = await reachNode(instance, instance.nodes[0]!, {
        env,
      });
      assertEquals(parseBuilderAddress(address), {
        kind: "docker-container",
        container: "buildx_buildkit_ci0",
        context,
      });
    });
  } finally {
    await engine.shutdown();
  }
});

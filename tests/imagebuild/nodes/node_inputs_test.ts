import type { BuildNode } from "../../../lib/imagebuild/nodes/plan.ts";
import { nodeInputs } from "../../../lib/imagebuild/nodes/node_inputs.ts";
import { assertEquals } from "../../support/assert.ts";
import { readyBuild } from "../ready_build.ts";

Deno.test("a registry at localhost is asked for its token server for a node on this machine alone", async () => {
  let asked = 0;
  await using registry = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => {
      asked++;
      return new Response("", {
        status: 401,
        headers: {
          "www-authenticate":
            'Bearer realm="https://token.example/",service="x"',
        },
      });
    },
  );
  const { build } = await readyBuild();
  const { signal } = new AbortController();
  const name = `127.0.0.1:${registry.addr.port}`;
  for (
    const [where, realm] of [
      ["tcp://elsewhere.example:1234", undefined],
      ["ssh://elsewhere.example", undefined],
      ["unix:///run/buildkit/buildkitd.sock", "https://token.example/"],
    ] as const
  ) {
    const node = { name: "n", host: { ...build.host, where } } as BuildNode;
    const before = asked;
    const server = await nodeInputs(build.inputs, node, signal)
      .tokenServer(name);
    assertEquals(server?.realm.href, realm);
    assertEquals(asked > before, realm !== undefined, where);
  }
});

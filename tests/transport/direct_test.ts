import { DockerClient } from "../../lib/client/docker_client.ts";
import { EngineError } from "../../lib/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";

Deno.test("no redirect of an engine's is followed: the secrets go to the door that was given", async () => {
  const seen: string[] = [];
  await using other = Deno.serve({ port: 0, onListen() {} }, (request) => {
    seen.push(request.url);
    return new Response('{"aux":{"ID":"sha256:stolen"}}');
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const answer = `HTTP/1.1 ${status} Moved\r\n` +
      `Location: http://127.0.0.1:${other.addr.port}/stolen\r\n` +
      "Content-Length: 0\r\nConnection: close\r\n\r\n";
    await using door = await startFakeEngine((request) =>
      request.write(answer)
    );
    // The same door by TCP.
    const path = door.host.slice("unix://".length);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const relaying = (async () => {
      for await (const conn of listener) {
        const far = await Deno.connect({ transport: "unix", path });
        conn.readable.pipeTo(far.writable).catch(() => {});
        far.readable.pipeTo(conn.writable).catch(() => {});
      }
    })();
    const { port } = listener.addr as Deno.NetAddr;
    for (const host of [door.host, `tcp://127.0.0.1:${port}`]) {
      await using docker = await DockerClient.fromDockerHost(host);
      const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
        secrets: { token: "hunter2hunter2" },
        secretsVia: "header",
      });
      const error = await assertRejects(() => build.wait(), EngineError);
      assertEquals(error.status, status);
      await assertRejects(() => docker.imageInspect("a"), EngineError);
    }
    listener.close();
    await relaying.catch(() => {}); // a closed listener ends with an error
  }
  assertEquals(seen, []);
});

/**
 * An engine of API 1.53 that speaks gRPC on its own socket, and has neither
 * `POST /grpc` nor `POST /session` any more. No such engine is to be had for the
 * tests: a real buildkitd answers in its place what begins as HTTP/2 does, and
 * the test what is HTTP/1.
 */
import { DockerClient } from "../../lib/client/docker_client.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import { connDuplex } from "../../lib/transport/conn.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

/** A socket before a daemon's, which has these answers for HTTP/1. */
async function startNative(socketPath: string, apiVersion: string) {
  const folder = await Deno.makeTempDir({ prefix: "davit-native-" });
  const path = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const heads: string[] = [];
  const served: Promise<unknown>[] = [];
  const serve = async (conn: Deno.Conn) => {
    const first = new Uint8Array(64 * 1024);
    const count = await conn.read(first) ?? 0;
    const head = new TextDecoder().decode(first.subarray(0, count));
    heads.push(head.split(" HTTP/")[0]!);
    if (!head.startsWith("PRI ")) {
      await conn.write(new TextEncoder().encode(
        head.includes("/_ping")
          ? `HTTP/1.1 200 OK\r\nApi-Version: ${apiVersion}\r\nOstype: linux\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK`
          : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      ));
      conn.close();
      return;
    }
    const near = connDuplex(conn);
    const far = connDuplex(
      await Deno.connect({ transport: "unix", path: socketPath }),
    );
    const writer = far.writable.getWriter();
    await writer.write(first.subarray(0, count));
    writer.releaseLock();
    await Promise.allSettled([
      near.readable.pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]);
  };
  const accepting = (async () => {
    for await (const conn of listener) served.push(serve(conn).catch(() => {}));
  })();
  return {
    host: `unix://${path}`,
    heads,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      await Promise.all(served);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("an engine without POST /grpc that speaks gRPC on its socket builds, with its session on the same connection", async () => {
  await using daemon = await startBuildkitd();
  await using engine = await startNative(daemon.socketPath, "1.53");
  const dest = await Deno.makeTempDir({ prefix: "davit-native-" });
  {
    await using docker = await DockerClient.fromDockerHost(engine.host);
    const { secrets } = await docker.imageBuild({
      files: {
        Dockerfile: `FROM davit-test/base AS made
RUN --mount=type=secret,id=word wc -c < /run/secrets/word > /length
FROM scratch
COPY --from=made /length /
`,
      },
    }, {
      api: "buildkit",
      pull: true, // a daemon has no images of an engine
      outputs: { type: "local", dest },
      secrets: { word: "twelve bytes" },
    }).result();
    assertEquals(secrets.served, ["word"]);
    assertEquals(await Deno.readTextFile(`${dest}/length`), "12\n");
  }
  assertEquals(
    engine.heads.filter((head) => !head.includes("/_ping")).sort(),
    ["POST /v1.51/grpc", "POST /v1.51/session", "PRI *"],
  );
  await Deno.remove(dest, { recursive: true });
});

Deno.test("an older engine without POST /grpc is not tried", async () => {
  await using daemon = await startBuildkitd();
  await using engine = await startNative(daemon.socketPath, "1.52");
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const error = await assertRejects(
    () => docker.buildDiskUsage(),
    UnsupportedError,
  );
  assert(error.message.includes("POST /grpc"), error.message);
  assertEquals(engine.heads.some((head) => head.startsWith("PRI")), false);
});

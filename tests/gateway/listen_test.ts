import {
  ConnectionError,
  DockerClient,
  type GatewayListen,
  serveGateway,
} from "../../mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { namesIn } from "../support/at_once.ts";
import { RecordingEngine } from "./recording_engine.ts";

const CERTS = new URL("../transport/certs/", import.meta.url);
const pem = (name: string) => Deno.readTextFile(new URL(name, CERTS));
const TOKEN = "a-token-of-many-characters";

/** Status of a ping. */
async function ping(
  url: string,
  options:
    | Deno.CreateHttpClientOptions
    | (Deno.CreateHttpClientOptions & {
      cert: string;
      key: string;
    }) = {},
  headers: Record<string, string> = {},
): Promise<number> {
  using client = Deno.createHttpClient(options);
  const response = await fetch(`${url}/_ping`, { client, headers });
  await response.body?.cancel();
  return response.status;
}

Deno.test("a gateway does not listen without protection", async () => {
  const tls = {
    cert: await pem("server.pem"),
    key: await pem("server-key.pem"),
  };
  for (
    const [listen, words] of [
      [{ port: 0 }, "needs TLS"],
      [{ port: 0, tls }, "needs a token"],
      [{ port: 0, tls, token: "short" }, "at least 16"],
      [{ port: 0, hostname: "0.0.0.0", plainLoopback: true }, "loopback"],
      [
        { port: 0, hostname: "127.0.0.1.example", plainLoopback: true },
        "loopback",
      ],
      [{ port: 70000, plainLoopback: true }, "a port"],
      [{ path: "" }, "empty"],
    ] as const
  ) {
    await assertRejects(
      () =>
        serveGateway({
          engine: new RecordingEngine(),
          listen: listen as GatewayListen,
        }),
      TypeError,
      words,
    );
  }
  for (
    const [options, kind] of [
      [{ limits: { maxBuilds: 0 } }, RangeError],
      [{ limits: { many: 1 } }, TypeError],
      [{ allow: ["containers"] }, TypeError],
      [{ breakouts: ["all"] }, TypeError],
    ] as const
  ) {
    await assertRejects(
      () =>
        serveGateway({
          engine: new RecordingEngine(),
          listen: { port: 0, plainLoopback: true },
          ...options as unknown as Record<string, never>,
        }),
      kind,
    );
  }
});

Deno.test("a token opens a gateway, and nothing like it does", async () => {
  const tls = {
    cert: await pem("server.pem"),
    key: await pem("server-key.pem"),
  };
  const caCerts = [await pem("ca.pem")];
  await using gateway = await serveGateway({
    engine: new RecordingEngine(),
    listen: { hostname: "127.0.0.1", port: 0, tls, token: TOKEN },
  });
  const url = gateway.address.replace("127.0.0.1", "localhost");
  for (
    const [authorization, status] of [
      [`Bearer ${TOKEN}`, 200],
      [`bearer ${TOKEN}`, 200],
      ["", 401],
      [TOKEN, 401],
      [`Bearer ${TOKEN}x`, 401],
      [`Bearer ${TOKEN.slice(0, -1)}`, 401],
      [`Basic ${btoa(`a:${TOKEN}`)}`, 401],
    ] as const
  ) {
    assertEquals(await ping(url, { caCerts }, { authorization }), status);
  }
});

Deno.test("a client's certificate opens a gateway that asks for one", async () => {
  const ca = await pem("ca.pem");
  await using gateway = await serveGateway({
    engine: new RecordingEngine(),
    listen: {
      hostname: "127.0.0.1",
      port: 0,
      tls: {
        cert: await pem("server.pem"),
        key: await pem("server-key.pem"),
        clientCa: ca,
      },
    },
  });
  const url = gateway.address.replace("127.0.0.1", "localhost");
  const [cert, key] = [await pem("client.pem"), await pem("client-key.pem")];
  assertEquals(await ping(url, { caCerts: [ca], cert, key }), 200);
  await assertRejects(() => ping(url, { caCerts: [ca] }), TypeError);
});

Deno.test("on loopback a gateway is called by this machine's names only", async () => {
  await using gateway = await serveGateway({
    engine: new RecordingEngine(),
    listen: { port: 0, plainLoopback: true },
  });
  const { port } = new URL(gateway.address.replace("tcp:", "http:"));
  const ask = async (host: string) => {
    using conn = await Deno.connect({ port: Number(port) });
    await conn.write(
      new TextEncoder().encode(
        `GET /_ping HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      ),
    );
    const buffer = new Uint8Array(100);
    const count = await conn.read(buffer);
    return Number(
      new TextDecoder().decode(buffer.subarray(9, count ?? 0)).slice(0, 3),
    );
  };
  assertEquals(await ask(`localhost:${port}`), 200);
  assertEquals(await ask("127.0.0.1"), 200);
  assertEquals(await ask("evil.example"), 403);
  assertEquals(await ask(`127.0.0.1.evil.example:${port}`), 403);
});

Deno.test("a gateway's socket has mode 0600, goes with it, and takes nobody's place", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const start = () =>
      serveGateway({ engine: new RecordingEngine(), listen: { path } });
    const gateway = await start();
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    assertEquals(gateway.address, `unix://${await Deno.realPath(path)}`);
    await assertRejects(start, TypeError, "listens there already");
    // Nothing else is there, and nothing at all when it has stopped.
    assertEquals(namesIn(folder), ["s"]);
    await gateway.stop();
    assertEquals(namesIn(folder), []);
    // What a killed one left: a socket that nobody listens at.
    const listener = Deno.listen({ transport: "unix", path: `${path}2` });
    await Deno.rename(`${path}2`, path);
    listener.close();
    await (await start()).stop();
    // What is another's by then stays.
    const moved = await start();
    await Deno.remove(path);
    const other = Deno.listen({ transport: "unix", path });
    await moved.stop();
    assertEquals((await Deno.lstat(path)).isSocket, true);
    other.close(); // and removes it
    await Deno.writeTextFile(path, "not a socket");
    await assertRejects(start, TypeError, "something else");
    assertEquals(await Deno.readTextFile(path), "not a socket");
  });
});

Deno.test("a gateway's socket may have a path as long as the system takes; errors name the gateway and the path", async () => {
  await withTempFolder(async (folder) => {
    const start = (path: string) =>
      serveGateway({ engine: new RecordingEngine(), listen: { path } });
    const path = `${folder}/${"s".repeat(106 - folder.length)}`;
    assertEquals(path.length, 107);
    await (await start(path)).stop();
    await assertRejects(() => start(`${path}s`), TypeError, "too long");
    await assertRejects(
      () => start(`${folder}/none/s`),
      ConnectionError,
      `Cannot serve a gateway at "${folder}/none/s"`,
    );
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("a gateway listens on an IPv6 address, in brackets or without, and davit's client finds it", async () => {
  const cert = await Deno.readTextFile(new URL("server.pem", CERTS));
  const key = await Deno.readTextFile(new URL("server-key.pem", CERTS));
  for (const hostname of ["::1", "[::1]"]) {
    await using gateway = await serveGateway({
      engine: new RecordingEngine(),
      listen: { hostname, port: 0, plainLoopback: true },
    });
    assertMatch(gateway.address, /^tcp:\/\/\[::1\]:\d+$/);
    await using docker = await DockerClient.fromDockerHost(gateway.address);
    assertEquals((await docker.ping()).gateway, true);
    await using secure = await serveGateway({
      engine: new RecordingEngine(),
      listen: {
        hostname,
        port: 0,
        tls: { cert, key },
        token: TOKEN,
      },
    });
    assertMatch(secure.address, /^https:\/\/\[::1\]:\d+$/);
  }
});

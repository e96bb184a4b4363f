import http2 from "node:http2";
import { Duplex } from "node:stream";
import { assert, assertEquals } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { randomBytes } from "../support/digest.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import type { SecretSource } from "../../lib/secrets/source.ts";
import { secretsService } from "../../lib/session/secrets.ts";
import { Session } from "../../lib/session/session.ts";

/** Plays the engine: node's HTTP/2 client on the other end. */
async function withSession(
  secrets: Record<string, SecretSource>,
  use: (
    call: (
      path: string,
      message: Uint8Array,
    ) => Promise<{ status: string; message: string; body: Uint8Array }>,
  ) => Promise<void>,
  { maxBytes = 1000, strict = false } = {},
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const store = await SecretStore.open(secrets, new AbortController().signal);
  const session = new Session(
    secretsService(store, {
      maxBytes,
      strict,
      onError: (error) => errors.push(error),
    }),
    (error) => errors.push(error),
  );
  const [ours, theirs] = duplexPair();
  const served = session.serve(ours);
  const socket = Duplex.fromWeb(theirs as Parameters<typeof Duplex.fromWeb>[0]);
  socket.on("error", () => {}); // the session ends by dropping the connection
  const client = http2.connect("http://localhost", {
    createConnection: () => socket,
  });
  client.on("error", () => {});
  await use((path, message) => {
    const { promise, resolve, reject } = Promise.withResolvers<
      { status: string; message: string; body: Uint8Array }
    >();
    const stream = client.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Uint8Array[] = [];
    let status = "";
    let text = "";
    const note = (headers: Record<string, unknown>) => {
      status = String(headers["grpc-status"] ?? status);
      text = String(headers["grpc-message"] ?? text);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on(
      "end",
      async () =>
        resolve({
          status,
          message: text,
          body: await new Blob(chunks as Uint8Array<ArrayBuffer>[]).bytes(),
        }),
    );
    stream.on("error", reject);
    const frame = new Uint8Array(5 + message.length);
    new DataView(frame.buffer).setUint32(1, message.length);
    frame.set(message, 5);
    stream.end(frame);
    return promise;
  });
  session.close();
  assertEquals(await served, { reason: "closed" });
  client.destroy();
  return errors;
}

const GET_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const idRequest = (id: string) =>
  Uint8Array.of(0x0a, id.length, ...new TextEncoder().encode(id));

Deno.test("Session answers health, secrets and unknown methods byte by byte", async () => {
  const value = randomBytes(900);
  const errors = await withSession({
    some: value,
    empty: "",
    large: randomBytes(1001),
  }, async (call) => {
    const health = await call(
      "/grpc.health.v1.Health/Check",
      new Uint8Array(0),
    );
    assertEquals([health.status, health.body], [
      "0",
      Uint8Array.of(0, 0, 0, 0, 2, 8, 1),
    ]);
    // An omitted field would be no mount at all on engines of the 20.10 line.
    const empty = await call(GET_SECRET, idRequest("empty"));
    assertEquals([empty.status, empty.body], [
      "0",
      Uint8Array.of(0, 0, 0, 0, 2, 0x0a, 0),
    ]);
    const some = await call(GET_SECRET, idRequest("some"));
    assertEquals([some.status, some.body.slice(8)], ["0", value]);
    const absent = await call(GET_SECRET, idRequest("absent"));
    assertEquals([absent.status, absent.body.length], ["5", 0]);
    assertEquals((await call(GET_SECRET, idRequest("large"))).status, "8");
    assertEquals(
      (await call("/no.such/Method", new Uint8Array(0))).status,
      "12",
    );
    // Bytes that are no request must not take the session down.
    assertEquals(
      (await call(GET_SECRET, Uint8Array.of(0x0a, 200))).status,
      "13",
    );
    assertEquals(
      (await call("/grpc.health.v1.Health/Check", new Uint8Array(0))).status,
      "0",
    );
  });
  assertEquals(errors.map((error) => (error as Error).name), [
    "SecretError",
    "ProtobufError", // of the bytes that are no request
  ]);
});

Deno.test("Session offers its methods by their paths, health first, under an id of 128 bits", () => {
  const session = new Session([]);
  assertEquals(session.methods, ["/grpc.health.v1.Health/Check"]);
  assert(/^[0-9a-f]{32}$/.test(session.id));
  assert(session.id !== new Session([]).id);
});

Deno.test("Session ends as lost when the engine goes away", async () => {
  const session = new Session([]);
  const [ours, theirs] = duplexPair();
  const served = session.serve(ours);
  const reading = theirs.readable.cancel().catch(() => {});
  await theirs.writable.close();
  assertEquals((await served).reason, "lost");
  await reading;
});

Deno.test("a strict session fails a step for what it did not give, but not for what git and http try", async () => {
  const errors = await withSession(
    { given: "value", GIT_AUTH_HEADER: () => null },
    async (call) => {
      const statusOf = async (id: string) =>
        (await call(GET_SECRET, idRequest(id))).status;
      assertEquals(await statusOf("given"), "0");
      assertEquals(await statusOf("absent"), "9");
      assertEquals(await statusOf("GIT_AUTH_TOKEN"), "5");
      assertEquals(await statusOf("GIT_AUTH_TOKEN.github.com"), "5");
      assertEquals(await statusOf("HTTP_AUTH_HEADER_example.com"), "5");
      assertEquals(await statusOf("GIT_AUTH_TOKENS"), "9");
      // Somebody meant to give this one.
      assertEquals(await statusOf("GIT_AUTH_HEADER"), "9");
    },
    { strict: true },
  );
  assertEquals(errors, []);
});

Deno.test("a session gives values up to the engine's limit, and reads requests up to 64 KiB", async () => {
  const errors = await withSession(
    { fits: randomBytes(1000), large: randomBytes(1001) },
    async (call) => {
      assertEquals((await call(GET_SECRET, idRequest("fits"))).status, "0");
      assertEquals((await call(GET_SECRET, idRequest("large"))).status, "8");
      const padded = (length: number) => {
        // An unknown field of bytes, behind the id, so long that all has the length.
        const id = idRequest("fits");
        const rest = length - id.length - 4;
        const field = [0x7a, rest & 0x7f | 0x80, rest >> 7 & 0x7f | 0x80];
        return Uint8Array.of(
          ...id,
          ...field,
          rest >> 14,
          ...new Uint8Array(rest),
        );
      };
      const longest = await call(GET_SECRET, padded(64 * 1024));
      assertEquals(longest.status, "0");
      const longer = await call(GET_SECRET, padded(64 * 1024 + 1));
      assertEquals(longer.status, "8");
    },
  );
  assertEquals(errors.map((error) => (error as Error).message), [
    'Cannot serve secret "large": it has 1001 bytes, and this engine takes at most 1000',
  ]);
});

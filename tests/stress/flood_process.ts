/** Floods a gateway, for a test that measures another client: `KIND PATH`. Ends with its input. */

import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../mod.ts";
import { randomBytes } from "../support/digest.ts";
import { tarBytes } from "../support/tar.ts";
import type { Flood } from "./floods.ts";

const [kind, path] = Deno.args as [Flood, string];
const encoder = new TextEncoder();

/** Connections of one flood at a time. */
const CONNECTIONS = 6;
const HOLDING = 600;
const PAUSE_MS = 500;
const LARGE = 1_000_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function head(line: string, fields: readonly string[] = []): string {
  return [`${line} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

/** Sends on one connection, and takes what comes. */
async function send(
  bytes: Uint8Array | string,
  untilAnswered = true,
): Promise<void> {
  const conn = await Deno.connect({ transport: "unix", path });
  const reading = conn.readable.pipeTo(new WritableStream()).catch(() => {});
  try {
    const data = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    for (let at = 0; at < data.length;) {
      at += await conn.write(data.subarray(at));
    }
    if (untilAnswered) await reading;
    else await pause(1500);
  } catch {
    // It was refused, which is what a gateway may do.
  }
  try {
    conn.close();
  } catch {
    // It is closed.
  }
  await reading;
}

const close = "Connection: close";
const logins = btoa(JSON.stringify(Object.fromEntries(
  Array.from(
    { length: 10_000 },
    (
      _,
      i,
    ) => [`host${i}.example.com`, { username: `u${i}`, password: `p${i}` }],
  ),
)));
const args = encodeURIComponent(JSON.stringify(Object.fromEntries(
  Array.from({ length: 20_000 }, (_, i) => [`a${i}`, "b"]),
)));
const secret = `X-BuildKit-Secrets: ${btoa('{"t":"a secret of the flood"}')}`;
const none = "Content-Length: 0";

function chunksOfOne(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length * 6);
  for (const [at, byte] of body.entries()) {
    bytes.set([0x31, 13, 10, byte, 13, 10], at * 6);
  }
  return bytes;
}

async function bytesOf(...parts: BlobPart[]): Promise<Uint8Array> {
  return await new Blob(parts).bytes();
}

const FLOODS: Readonly<Record<Flood, () => Promise<void>>> = {
  async "new secrets again and again"() {
    const secrets = Array.from(
      { length: 100 },
      (_, i) => [`s${i}`, new Secret(randomBytes(650))] as const,
    );
    await send(
      head("POST /build?version=2", [
        "Content-Length: 100",
        `X-BuildKit-Secrets: ${encodeSecretsHeader(secrets)}`,
      ]),
      false,
    );
  },
  async "chunks of one byte"() {
    const body = await tarBytes({
      Dockerfile: "FROM scratch\n",
      big: "x".repeat(600_000),
    });
    await send(
      await bytesOf(
        head("POST /build?version=2", [close, "Transfer-Encoding: chunked"]),
        chunksOfOne(body) as Uint8Array<ArrayBuffer>,
        "0\r\n\r\n",
      ),
    );
  },
  "200,000 parameters": () =>
    send(head(`POST /build?version=2${"&t=a".repeat(200_000)}`, [close, none])),
  "many fields": () =>
    send(head("GET /_ping", [close, ...Array(90_000).fill("cookie: a")])),
  "a large field": () =>
    send(head("GET /_ping", [close, `x: ${" \t".repeat(LARGE / 2)}`])),
  "many logins": () =>
    send(
      head("POST /build?version=2", [
        close,
        none,
        `X-Registry-Config: ${logins}`,
      ]),
    ),
  "a large argument beside a secret": () =>
    send(
      head(`POST /build?version=2&buildargs=${args}`, [close, none, secret]),
    ),
  "requests without a pause": () => send(head("GET /_ping").repeat(2000)),
  async "connections that say nothing"() {
    const held = await Promise.all(
      Array.from({ length: HOLDING / CONNECTIONS }, async () => {
        try {
          const conn = await Deno.connect({ transport: "unix", path });
          await conn.write(encoder.encode("GET /_ping HTTP/1.1\r\nHost:"));
          return conn;
        } catch {
          return undefined; // it was closed at once
        }
      }),
    );
    await pause(300);
    for (const conn of held) conn?.close();
  },
  async "large bodies"() {
    const body = randomBytes(8_000_000) as Uint8Array<ArrayBuffer>;
    await send(
      await bytesOf(
        head("POST /build", [close, `Content-Length: ${body.length}`]),
        body,
      ),
    );
  },
};

async function flood(): Promise<never> {
  while (true) {
    await FLOODS[kind]();
    // Two processors are all that some machines have: what is measured is the
    // gateway, and not how an engine and three programs share them.
    await pause(PAUSE_MS);
  }
}

for (let i = 0; i < CONNECTIONS; i++) flood();
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();

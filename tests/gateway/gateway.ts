import type { Gateway, GatewayOptions } from "../../lib/gateway/gateway.ts";
import { serveGateway } from "../../lib/gateway/serve_gateway.ts";

/** A gateway at a Unix socket of its own. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly path: string;
}

/** Starts one; `engine` as `serveGateway()` takes it. */
export async function startGateway(
  options: Omit<GatewayOptions, "listen">,
): Promise<TestGateway> {
  const folder = await Deno.makeTempDir({ prefix: "davit-gateway-" });
  const path = `${folder}/gateway.sock`;
  const gateway = await serveGateway({ listen: { path }, ...options });
  return {
    gateway,
    path,
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends bytes and reads to the end of the connection. */
export async function sendRaw(
  path: string,
  bytes: Uint8Array | string,
  patienceMs = 5000,
): Promise<RawAnswer> {
  using conn = await Deno.connect({ transport: "unix", path });
  const data = typeof bytes === "string"
    ? new TextEncoder().encode(bytes)
    : bytes;
  const writing = (async () => {
    for (let at = 0; at < data.length;) {
      at += await conn.write(data.subarray(at));
    }
  })().catch(() => {}); // it may hang up in the middle
  const timer = setTimeout(() => {
    try {
      conn.close();
    } catch {
      // It has just ended.
    }
  }, patienceMs);
  const decoder = new TextDecoder("latin1");
  let text = "";
  const buffer = new Uint8Array(65536);
  try {
    while (true) {
      const count = await conn.read(buffer);
      if (count === null) break;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  } finally {
    clearTimeout(timer);
    await writing;
  }
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

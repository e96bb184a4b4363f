import { connDuplex } from "../../lib/transport/conn.ts";
import { upgradeConnection } from "../../lib/transport/upgrade.ts";
import { type Relay, startRelay } from "../support/relay.ts";

/**
 * A socket that looks like a daemon's: every connection to it is one to
 * BuildKit in an engine, by the engine's `POST /grpc`, and has HTTP/2 from its
 * first byte.
 *
 * @param socketPath The engine's socket.
 */
export function startForwarder(socketPath: string): Promise<Relay> {
  return startRelay(async () => {
    const conn = await Deno.connect({ transport: "unix", path: socketPath });
    return await upgradeConnection(connDuplex(conn), "/grpc", {
      protocol: "h2c",
      headers: [],
    });
  });
}

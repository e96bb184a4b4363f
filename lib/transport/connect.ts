import { UnsupportedError } from "../errors.ts";
import { directTransport } from "./direct.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Transport } from "./transport.ts";

/**
 * Makes the transport for an endpoint. It connects with the first request.
 *
 * @throws {UnsupportedError} On Windows, if the way needs a Unix socket, which
 * Deno does not have there.
 */
export async function connectEndpoint(
  endpoint: Endpoint,
  os: typeof Deno.build.os = Deno.build.os,
): Promise<Transport> {
  if (os === "windows" && endpoint.kind !== "tcp") {
    throw new UnsupportedError(
      "Unix sockets on Windows",
      `${
        formatEndpoint(endpoint)
      } can't be reached from Windows, where Deno has no Unix sockets; run davit in WSL, or use a tcp:// or https:// address of the engine`,
    );
  }
  if (endpoint.kind !== "ssh") return directTransport(endpoint);
  const { sshTransport } = await import("./ssh.ts");
  return sshTransport(endpoint);
}

// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { bytesDuplex } from "../grpc/byte_messages.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { callError } from "./call_error.ts";
import { holdConnection } from "./connection.ts";
import type { BuildkitHost } from "./host.ts";

/** The call that carries a session. */
const SESSION = "/moby.buildkit.v1.Control/Session";

/**
 * `Control/Session`: a call that carries a connection, in which BuildKit is the
 * client (BuildKit, `session/grpchijack`). It is made on the connection that the
 * builds of the host share, and keeps that open.
 *
 * @param headers The session's headers.
 * @throws {ConnectionError} If the host can't be reached.
 * @throws {SolveError} If BuildKit refuses the session.
 */
export async function controlSession(
  host: BuildkitHost,
  headers: readonly (readonly [name: string, value: string])[],
  signal: AbortSignal,
): Promise<ByteDuplex> {
  const held = await holdConnection(host, { signal });
  try {
    const call = await held.client.open(SESSION, {
      metadata: headers.map(([name, value]) =>
        [name.toLowerCase(), value] as const
      ),
    });
    try {
      // BuildKit speaks first, as a client of HTTP/2 does; before that it may
      // still refuse the session.
      const first = await abortable(call.read(), signal) ?? undefined;
      return bytesDuplex(call, { first, onOver: () => void held.release() });
    } catch (error) {
      call.cancel();
      throw error;
    }
  } catch (error) {
    await held.release();
    throw callError(error, host.where, "Control/Session");
  }
}

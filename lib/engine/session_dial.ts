import { EngineError, UnsupportedError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import type { Engine } from "./engine.ts";

/**
 * `POST /session`: opens the connection for a session. On it the engine is the
 * HTTP/2 client, and asks for what a build needs.
 *
 * @param headers The session's headers.
 * @param signal Aborts the opening.
 * @throws {UnsupportedError} If the engine, or a proxy before it, has no
 * sessions.
 * @throws {EngineError} If it refuses for another reason.
 */
export async function dialSession(
  engine: Engine,
  headers: readonly (readonly [name: string, value: string])[],
  signal?: AbortSignal,
): Promise<ByteDuplex> {
  const { upgrade } = engine.transport;
  if (upgrade === undefined) {
    throw noSession(engine, "the transport can not take a connection over");
  }
  const { negotiated } = await engine.facts(signal);
  try {
    return await upgrade.call(
      engine.transport,
      `/v${negotiated}/session`,
      { protocol: "h2c", headers, signal },
    );
  } catch (cause) {
    // 404: podman, or an engine without sessions. 403 and 501: proxies that do
    // not allow them.
    if (
      cause instanceof EngineError && [403, 404, 501].includes(cause.status)
    ) {
      throw noSession(
        engine,
        `it answered ${cause.status}: ${cause.detail}`,
        cause,
      );
    }
    throw cause;
  }
}

function noSession(
  engine: Engine,
  why: string,
  cause?: unknown,
): UnsupportedError {
  return new UnsupportedError(
    "sessions",
    `The engine at ${engine.where} can not be asked for a session, and secrets, ssh and exports need one (${why}): use a Docker engine's own socket, let a proxy before it pass POST /session, or, for secrets where something there gives the X-BuildKit-Secrets header its meaning, build with secretsVia: "header"`,
    cause === undefined ? {} : { cause },
  );
}

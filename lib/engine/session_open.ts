import { EngineError, UnsupportedError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import type { Engine } from "./engine.ts";

/** How a session introduces itself. */
export interface SessionOpening {
  /** Unique and not to be guessed: who knows it can use the session. */
  readonly id: string;
  /** Shown in old engines' logs. */
  readonly name: string;
  /** Under which the engine keeps transferred folders; empty for none. */
  readonly sharedKey?: string;
  /** The gRPC methods on offer, as `/service/Method`. */
  readonly methods: readonly string[];
  /** Gives up while the connection is being opened. */
  readonly signal?: AbortSignal;
}

/**
 * `POST /session`: a connection on which the engine is the HTTP/2 client and
 * asks for what a build needs.
 *
 * @throws {UnsupportedError} If the engine, or something before it, has no sessions.
 * @throws {EngineError} If it refuses for another reason.
 */
export async function openSession(
  engine: Engine,
  opening: SessionOpening,
): Promise<ByteDuplex> {
  const { upgrade } = engine.transport;
  if (upgrade === undefined) {
    throw noSession(engine, "the transport can not take a connection over");
  }
  const { negotiated } = await engine.facts(opening.signal);
  try {
    return await upgrade.call(
      engine.transport,
      `/v${negotiated}/session`,
      {
        protocol: "h2c",
        headers: [
          ["X-Docker-Expose-Session-Uuid", opening.id],
          ["X-Docker-Expose-Session-Name", opening.name],
          ["X-Docker-Expose-Session-Sharedkey", opening.sharedKey ?? ""],
          ...opening.methods.map((method) =>
            ["X-Docker-Expose-Session-Grpc-Method", method] as const
          ),
        ],
        ...(opening.signal === undefined ? {} : { signal: opening.signal }),
      },
    );
  } catch (cause) {
    // 404: podman, or an engine that dropped it. 403 and 501: proxies that do
    // not let it through.
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

import type { Engine } from "../engine/engine.ts";
import { dialSession } from "../engine/session_dial.ts";
import { EngineError, ProtocolError, UnsupportedError } from "../errors.ts";
import { connectGrpc, type GrpcClient } from "../grpc/client.ts";
import type { BuildkitHost } from "./host.ts";

/** The host of each engine. */
const hosts = new WeakMap<Engine, BuildkitHost>();

/** BuildKit behind the socket of a Docker engine; the same one each time. */
export function buildkitOf(engine: Engine): BuildkitHost {
  let host = hosts.get(engine);
  if (host === undefined) {
    host = {
      where: engine.where,
      connect: (signal) => connect(engine, signal),
      dialSession: (headers, signal) => dialSession(engine, headers, signal),
    };
    hosts.set(engine, host);
  }
  return host;
}

/**
 * `POST /grpc`: takes the connection over for HTTP/2 (moby,
 * api/server/router/grpc). Engines from API 1.53 on speak HTTP/2 from the first
 * byte as well, and still answer this.
 */
async function connect(
  engine: Engine,
  signal: AbortSignal,
): Promise<GrpcClient> {
  const { transport, where } = engine;
  if (transport.upgrade === undefined) {
    throw noApi(where, "the transport can not take a connection over");
  }
  try {
    const { negotiated } = await engine.facts(signal);
    const path = `/v${negotiated}/grpc`;
    return connectGrpc(
      await transport.upgrade(path, { protocol: "h2c", headers: [], signal }),
    );
  } catch (cause) {
    throw cause instanceof EngineError ? refusal(where, cause) : cause;
  }
}

/** What an answer other than 101 means. */
function refusal(where: string, cause: EngineError): Error {
  const { status, detail } = cause;
  if (status < 400) {
    return new ProtocolError(
      `The answer to POST /grpc from ${where} has status ${status}, and takes no connection over: something between davit and the engine answered`,
      { cause },
    );
  }
  // 404 and 405: podman, or an engine without BuildKit. 403 and 501: proxies
  // that do not allow it.
  return [403, 404, 405, 501].includes(status)
    ? noApi(where, `it answered ${status}: ${detail}`, cause)
    : cause;
}

function noApi(where: string, why: string, cause?: unknown): UnsupportedError {
  return new UnsupportedError(
    "BuildKit's API",
    `BuildKit's API can not be reached at ${where} (${why}): use a Docker engine's own socket, let a proxy before it pass POST /grpc, or leave out the options that need this API`,
    cause === undefined ? {} : { cause },
  );
}

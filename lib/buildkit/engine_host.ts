// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { compareApi } from "../engine/api_version.ts";
import type { Engine } from "../engine/engine.ts";
import { dialSession } from "../engine/session_dial.ts";
import { EngineError, ProtocolError, UnsupportedError } from "../errors.ts";
import { connectGrpc, type GrpcClient } from "../grpc/client.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { controlSession } from "./control_session.ts";
import type { BuildkitHost } from "./host.ts";

/** The host of each engine. */
const hosts = new WeakMap<Engine, BuildkitHost>();

/** BuildKit behind the socket of a Docker engine; the same one each time. */
export function buildkitOf(engine: Engine): BuildkitHost {
  let host = hosts.get(engine);
  if (host === undefined) {
    const made: BuildkitHost = {
      where: engine.where,
      connect: (signal) => connect(engine, signal),
      dialSession: (headers, signal) => session(engine, made, headers, signal),
    };
    host = made;
    hosts.set(engine, host);
  }
  return host;
}

/**
 * `POST /grpc`: takes the connection over for HTTP/2 (moby,
 * api/server/router/grpc). Engines from API 1.53 on speak HTTP/2 from the first
 * byte as well; they still answer this, and are to give it up.
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
    if (!(cause instanceof EngineError)) throw cause;
    const refused = refusal(where, cause);
    const isNone = refused instanceof UnsupportedError;
    if (!isNone || !await isNative(engine, signal)) throw refused;
    return await connectNative(engine, signal);
  }
}

/** The first API of engines that speak gRPC on their own socket. */
const NATIVE_API = "1.53";

/** Whether an engine speaks gRPC on its own socket, as far as is known. */
async function isNative(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { apiVersion } = await engine.facts(signal);
  return engine.transport.dial !== undefined &&
    compareApi(apiVersion, NATIVE_API) >= 0;
}

/**
 * HTTP/2 from the first byte on the engine's own socket (moby, from 29.2 on). No
 * engine that davit is tested with has it: what is here is what the source says,
 * and what a daemon does.
 */
async function connectNative(
  { transport, where }: Engine,
  signal: AbortSignal,
): Promise<GrpcClient> {
  const client = connectGrpc(await transport.dial!(signal), {
    scheme: where.startsWith("https:") ? "https" : "http",
  });
  try {
    await abortable(client.opened, signal);
    return client;
  } catch (cause) {
    await client.close();
    signal.throwIfAborted();
    throw noApi(where, "it speaks no HTTP/2 on its own socket either", cause);
  }
}

/** `POST /session`, or `Control/Session` where there is no such endpoint. */
async function session(
  engine: Engine,
  host: BuildkitHost,
  headers: Parameters<BuildkitHost["dialSession"]>[0],
  signal: AbortSignal,
): Promise<ByteDuplex> {
  try {
    return await dialSession(engine, headers, signal);
  } catch (error) {
    const isNone = error instanceof UnsupportedError;
    if (!isNone || !await isNative(engine, signal)) throw error;
    return await controlSession(host, headers, signal);
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

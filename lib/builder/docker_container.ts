// `docker-container://`: a daemon in a container, through the Engine API of any
// engine that davit reaches.

import { containerExec } from "../engine/container_exec.ts";
import { Engine } from "../engine/engine.ts";
import type { JoinedStreams } from "../engine/joined_streams.ts";
import { EngineError } from "../errors.ts";
import { connectEndpoint } from "../transport/connect.ts";
import {
  endpointFromContext,
  endpointFromHost,
  findEndpoint,
  withSettings,
} from "../transport/docker_config.ts";
import { isHere } from "../transport/endpoint.ts";
import { type OnSilence, withSilence } from "../transport/silence.ts";
import type { AddressOf } from "./address.ts";
import type { Connector } from "./connector.ts";
import { DIAL_STDIO } from "./program.ts";

/**
 * A daemon in a container: `buildctl dial-stdio` is run in it, as buildctl and
 * buildx do.
 *
 * @param host The address of the container's engine; unless given, the one of
 * the address's context, or docker's own choice.
 */
export async function containerConnector(
  { container, context }: AddressOf<"docker-container">,
  host: string | undefined,
  onSilence?: OnSilence,
): Promise<Connector> {
  const endpoint = await withSettings(() =>
    host !== undefined
      ? endpointFromHost(host)
      : context !== undefined
      ? endpointFromContext(context)
      : findEndpoint()
  );
  const transport = await connectEndpoint(endpoint);
  const engine = new Engine(
    onSilence === undefined ? transport : withSilence(transport, onSilence),
  );
  let last: JoinedStreams | undefined;
  return {
    isHere: isHere(engine.where),
    isPlain: !engine.isHere && /^(?:tcp|http):/.test(engine.where),
    scheme: "http",
    async dial(signal) {
      return last = await containerExec(engine, container, DIAL_STDIO, signal);
    },
    explain(cause) {
      if (cause instanceof EngineError) return refused(engine.where, cause);
      const words = last?.words().trim();
      return words
        ? `"${DIAL_STDIO.join(" ")}" in the container says: ${words}`
        : notDialled(cause);
    },
    async close() {
      engine.close();
      await engine.transport.close();
    },
  };
}

function refused(where: string, { status, detail }: EngineError): string {
  const what = `the engine at ${where} says: ${detail}`;
  if (status === 404) return `${what}; is that the name of the container?`;
  if (status !== 409) return what;
  const isPaused = detail.includes(" is paused");
  return `${what}; start the container with "docker ${
    isPaused ? "unpause" : "start"
  }"`;
}

/**
 * An engine writes why a program can't be started to the program's standard
 * output, where HTTP/2 is expected.
 */
function notDialled({ message }: Error): string | undefined {
  return /OCI runtime|executable file not found|no such file/i.test(message)
    ? `there is no "${
      DIAL_STDIO[0]
    }" in the container: is it one of BuildKit's images? (${message})`
    : undefined;
}

// A program in a running container, with its standard input and output as a
// connection.

import { UnsupportedError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import type { Engine } from "./engine.ts";
import { joinedStreams } from "./joined_streams.ts";

/** A program that was started in a container. */
export interface ContainerExec extends ByteDuplex {
  /** What it has written to its standard error so far, the newest part. */
  words(): string;
}

/**
 * `POST /containers/{id}/exec` and `POST /exec/{id}/start`: starts a program in
 * a running container. Its end ends `readable`.
 *
 * @throws {EngineError} If the engine refuses: `status` 404, no such container;
 * 409, it is not running or paused.
 * @throws {UnsupportedError} If the transport can't take a connection over.
 */
export async function containerExec(
  engine: Engine,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ContainerExec> {
  const { upgrade } = engine.transport;
  if (upgrade === undefined) {
    throw new UnsupportedError(
      "programs in containers",
      `Cannot start a program in a container of the engine at ${engine.where}: its transport can not take a connection over; use a Docker engine's own socket`,
    );
  }
  const { Id: id } = await engine.json<{ Id: string }>({
    method: "POST",
    path: `/containers/${encodeURIComponent(container)}/exec`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Cmd: command,
    }),
    signal,
  }, { type: "object", fields: { Id: "text" }, required: ["Id"] });
  const { negotiated } = await engine.facts(signal);
  const duplex = await upgrade.call(
    engine.transport,
    `/v${negotiated}/exec/${encodeURIComponent(id)}/start`,
    {
      protocol: "tcp",
      headers: [],
      body: JSON.stringify({ Detach: false, Tty: false }),
      signal,
    },
  );
  return joinedStreams(duplex);
}

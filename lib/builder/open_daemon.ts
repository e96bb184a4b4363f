import {
  type BuilderAddress,
  formatBuilderAddress,
  parseBuilderAddress,
} from "./address.ts";
import type { Connector } from "./connector.ts";
import { type BuildkitDaemon, daemonAt } from "./daemon.ts";
import type { BuilderTls } from "./tls_files.ts";
import type { OnSilence } from "../transport/silence.ts";

/** How a daemon is reached, besides its address. */
export interface DaemonOptions {
  /** Certificates; TLS is spoken where they are given. */
  readonly tls?: BuilderTls | undefined;
  /** Address of the engine that runs the container of the daemon. */
  readonly dockerHost?: string | undefined;
  /** Told when it does not answer for a while. */
  readonly onSilence?: OnSilence | undefined;
}

/**
 * A daemon at an address. Nothing is sent yet; certificates are read.
 *
 * @throws {TypeError} If the address has another form, or an option does not
 * belong to it.
 */
export async function openDaemon(
  address: string,
  options: DaemonOptions = {},
): Promise<BuildkitDaemon> {
  const parsed = parseBuilderAddress(address);
  const { tls, dockerHost } = options;
  if (tls !== undefined && parsed.kind !== "tcp") {
    throw new TypeError(
      `Cannot use the option tls with ${parsed.kind}://: only "tcp://host:port" speaks TLS; leave it out`,
    );
  }
  if (dockerHost !== undefined && parsed.kind !== "docker-container") {
    throw new TypeError(
      `Cannot use the option dockerHost with ${parsed.kind}://: it names the engine of "docker-container://NAME"; leave it out`,
    );
  }
  if (
    dockerHost !== undefined && parsed.kind === "docker-container" &&
    parsed.context !== undefined
  ) {
    throw new TypeError(
      'Cannot use the option dockerHost with "?context=": both name the engine; leave one of them out',
    );
  }
  return daemonAt(
    formatBuilderAddress(parsed),
    await connectorOf(parsed, options),
    { onSilence: options.onSilence },
  );
}

/** Each kind of address is loaded when it is used. */
async function connectorOf(
  address: BuilderAddress,
  { tls, dockerHost, onSilence }: DaemonOptions,
): Promise<Connector> {
  switch (address.kind) {
    case "unix":
      return (await import("./direct.ts")).unixConnector(address);
    case "tcp": {
      if (tls === undefined) {
        return (await import("./direct.ts")).tcpConnector(address);
      }
      const { readTls } = await import("./tls_files.ts");
      const { tlsConnector } = await import("./tcp_tls.ts");
      return tlsConnector(address, await readTls(tls));
    }
    case "ssh":
      return (await import("./program.ts")).sshConnector(address);
    case "kube-pod":
      return (await import("./program.ts")).kubeConnector(address);
    case "docker-container": {
      const { containerConnector } = await import("./docker_container.ts");
      return await containerConnector(address, dockerHost, onSilence);
    }
  }
}

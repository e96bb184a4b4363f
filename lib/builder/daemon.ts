// A BuildKit daemon of its own, and how it is reached.

// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { controlSession } from "../buildkit/control_session.ts";
import type { BuildkitHost } from "../buildkit/host.ts";
import { ConnectionError } from "../errors.ts";
import { connectGrpc, type GrpcClient } from "../grpc/client.ts";
import { speaksHttp1, speaksOtherwise } from "../http2/error.ts";
import type { Http2KeepaliveOptions } from "../http2/keepalive.ts";
import { noticing, type OnSilence } from "../transport/silence.ts";
import type { Connector } from "./connector.ts";

/**
 * When a daemon counts as gone. BuildKit asks a session for its health every
 * five seconds, so that the connection of a build is never silent for long, and
 * no PING is sent while all is well.
 */
const KEEPALIVE: Http2KeepaliveOptions = { silence: 15_000, timeout: 15_000 };

/**
 * How long a daemon may take to its first words, in milliseconds: programs such
 * as `ssh` and `kubectl` connect meanwhile. It is less than the time for the
 * whole opening, so that their own words are told.
 */
const FIRST_WORDS_MS = 25_000;

/** A BuildKit daemon. */
export interface BuildkitDaemon extends BuildkitHost {
  /** Whether it is on this machine, as far as its address shows. */
  readonly isHere: boolean;
  /** Whether what is sent to it can be read on its way. */
  readonly isPlain: boolean;
  /** Ends what was started to reach it. Connections are given back before. */
  close(): Promise<void>;
}

/** How a daemon is spoken with. */
export interface DaemonInit {
  /** When it counts as gone. */
  readonly keepalive?: Http2KeepaliveOptions | undefined;
  /** Told when it does not answer for a while. */
  readonly onSilence?: OnSilence | undefined;
}

/**
 * A daemon that a connector reaches.
 *
 * @param where Its address, for messages.
 */
export function daemonAt(
  where: string,
  connector: Connector,
  init: DaemonInit = {},
): BuildkitDaemon {
  const daemon: BuildkitDaemon = {
    where,
    isHere: connector.isHere,
    isPlain: connector.isPlain,
    connect: (signal) =>
      noticing(connect(where, connector, init, signal), {
        where,
        what: "a new connection",
        onSilence: init.onSilence,
      }),
    dialSession: (headers, signal) => controlSession(daemon, headers, signal),
    close: () => connector.close(),
  };
  return daemon;
}

/**
 * Connects, and waits for the daemon's first words: before them nothing shows
 * that it is there. By TLS 1.3 even a refused client certificate is told only
 * after the handshake.
 */
async function connect(
  where: string,
  connector: Connector,
  { keepalive = KEEPALIVE }: DaemonInit,
  signal: AbortSignal,
): Promise<GrpcClient> {
  let client: GrpcClient | undefined;
  try {
    client = connectGrpc(await connector.dial(signal), {
      scheme: connector.scheme,
      keepalive,
      settingsTimeout: FIRST_WORDS_MS,
    });
    await abortable(client.opened, signal);
    return client;
  } catch (cause) {
    await client?.close();
    signal.throwIfAborted();
    if (cause instanceof ConnectionError || !(cause instanceof Error)) {
      throw cause;
    }
    const why = await connector.explain(cause) ??
      (speaksHttp1(cause)
        ? "what listens there speaks HTTP/1.1, so it is no BuildKit daemon; is it an engine's address? Engines are reached by DockerClient, or by davit's --host"
        : undefined) ??
      `${wordsOf(cause)}; is it a BuildKit daemon, and is it running?`;
    throw new ConnectionError(
      `Cannot reach the BuildKit daemon at ${where}: ${why}`,
      { cause },
    );
  }
}

/**
 * What an error says: the innermost cause says the most, but for a peer that
 * speaks something else, whose first bytes are told.
 */
function wordsOf(error: Error): string {
  let root = error;
  while (!speaksOtherwise(root) && root.cause instanceof Error) {
    root = root.cause;
  }
  return root.message;
}

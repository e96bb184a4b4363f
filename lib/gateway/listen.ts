import { createServer, type TLSSocket } from "node:tls";
import { Duplex } from "node:stream";
import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "../transport/conn.ts";
import { bracketed } from "../transport/endpoint.ts";

/** The server's own certificate, and whose clients it takes; PEM. */
export interface GatewayTls {
  /** The certificate, with those that signed it. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
  /** The authority that signs clients' certificates: then each client needs one. */
  readonly clientCa?: string;
}

/** Where a gateway listens. */
export type GatewayListen =
  | {
    /** A Unix socket, made with mode 0600: the file system says who may use it. */
    readonly path: string;
  }
  | {
    /** Address to listen at; `0.0.0.0` unless given. */
    readonly hostname?: string;
    /** Port; 0 takes a free one. */
    readonly port: number;
    /** TLS; clients show a certificate, a token, or both. */
    readonly tls: GatewayTls;
    /** Bearer token, of at least 16 characters. */
    readonly token?: string;
  }
  | {
    /** A loopback address; `127.0.0.1` unless given. */
    readonly hostname?: string;
    /** Port; 0 takes a free one. */
    readonly port: number;
    /** Says that every program and user of this machine may read and use it. */
    readonly plainLoopback: true;
    /** Bearer token, of at least 16 characters. */
    readonly token?: string;
  };

/** Takes connections. */
export interface Acceptor {
  /** Where, as `DOCKER_HOST` has it. */
  readonly address: string;
  /** Host names that a request may give; any where undefined. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** The connections. */
  readonly connections: AsyncIterable<ByteDuplex>;
  /** Takes no more. */
  close(): Promise<void>;
}

const LOOPBACK_REGEXP = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/;
const HANDSHAKE_MS = 10_000;

/**
 * Checks where to listen, and with which protection.
 *
 * @throws {TypeError} If it would be without any.
 */
export function checkListen(listen: GatewayListen): void {
  const refuse = (why: string) => {
    throw new TypeError(`Cannot serve a gateway: ${why}`);
  };
  if ("path" in listen) {
    if (listen.path === "" || listen.path.includes("\0")) {
      refuse("the path of its socket is empty or holds a NUL");
    }
    return;
  }
  const { port } = listen;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    refuse("a port is a number from 0 to 65535");
  }
  if ("tls" in listen && listen.tls !== undefined) {
    if (listen.token === undefined && listen.tls.clientCa === undefined) {
      refuse(
        "over TCP it needs a token or the authority of its clients' certificates: whoever builds has the engine's network and cache",
      );
    }
    return;
  }
  if (!("plainLoopback" in listen) || listen.plainLoopback !== true) {
    refuse("over TCP it needs TLS, or plainLoopback for this machine alone");
  }
  if (!LOOPBACK_REGEXP.test(listen.hostname ?? "127.0.0.1")) {
    refuse("without TLS it listens on a loopback address only");
  }
}

/** Begins to listen; see {@linkcode checkListen}. */
export async function openAcceptor(listen: GatewayListen): Promise<Acceptor> {
  checkListen(listen);
  if ("path" in listen) return await listenUnix(listen.path);
  if ("tls" in listen) return await listenTls(listen);
  const { hostname = "127.0.0.1", port } = listen;
  const listener = Deno.listen({ hostname, port });
  const { addr } = listener;
  return {
    address: `tcp://${bracketed(hostname)}:${addr.port}`,
    // A page in a browser that has its own name lead to this machine says it here.
    hosts: new Set(["localhost", "127.0.0.1", "[::1]", bracketed(hostname)]),
    connections: duplexes(listener),
    close: () => {
      listener.close();
      return Promise.resolve();
    },
  };
}

async function listenUnix(path: string): Promise<Acceptor> {
  await removeStale(path);
  // Made where nobody else can come in, and moved when its mode is right.
  const parent = path.includes("/") ? path.replace(/[^/]*$/, "") : "./";
  const folder = await Deno.makeTempDir({ dir: parent, prefix: ".davit-" });
  let listener: Deno.UnixListener | undefined;
  try {
    listener = Deno.listen({ transport: "unix", path: `${folder}/s` });
    await Deno.chmod(`${folder}/s`, 0o600);
    await Deno.rename(`${folder}/s`, path);
  } catch (error) {
    listener?.close();
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const { ino } = await Deno.lstat(path);
  const open = listener;
  return {
    address: `unix://${await Deno.realPath(path)}`,
    hosts: undefined,
    connections: duplexes(open),
    async close() {
      open.close();
      // Another one's socket may be there by now.
      const info = await Deno.lstat(path).catch(() => undefined);
      if (info?.ino === ino) await Deno.remove(path);
    },
  };
}

/** A socket that nobody listens at any more is in the way; anything else is not ours. */
async function removeStale(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) {
    throw new TypeError(
      `Cannot serve a gateway at ${
        JSON.stringify(path)
      }: there is something else`,
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    await Deno.remove(path);
    return;
  }
  throw new TypeError(
    `Cannot serve a gateway at ${
      JSON.stringify(path)
    }: something listens there already`,
  );
}

async function* duplexes(listener: Deno.Listener): AsyncGenerator<ByteDuplex> {
  while (true) {
    let conn: Deno.Conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // it was closed
      throw error;
    }
    yield connDuplex(conn);
  }
}

async function listenTls(
  { hostname = "0.0.0.0", port, tls }: Extract<
    GatewayListen,
    { tls: GatewayTls }
  >,
): Promise<Acceptor> {
  // Deno's own listener can't ask clients for certificates.
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_MS,
    ...(tls.clientCa === undefined ? {} : {
      ca: tls.clientCa,
      requestCert: true,
      rejectUnauthorized: true,
    }),
  });
  let sink!: ReadableStreamDefaultController<ByteDuplex>;
  const connections = new ReadableStream<ByteDuplex>({
    start: (controller) => void (sink = controller),
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => socket.destroy()); // its streams tell their reader
    if (tls.clientCa !== undefined && !socket.authorized) {
      socket.destroy();
      return;
    }
    sink.enqueue(Duplex.toWeb(socket) as unknown as ByteDuplex);
  });
  // A client that fails the handshake has nothing more to hear.
  server.on(
    "tlsClientError",
    (_error: Error, socket: TLSSocket) => socket.destroy(),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address() as { port: number };
  return {
    address: `https://${bracketed(hostname)}:${address.port}`,
    hosts: undefined,
    connections,
    close() {
      sink.close();
      server.close();
      return Promise.resolve();
    },
  };
}

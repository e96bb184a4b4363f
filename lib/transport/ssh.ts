import { ConnectionError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "./conn.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { closedClient, connectionFailure } from "./failure.ts";
import { ProgramDialler } from "./program.ts";
import type { Transport } from "./transport.ts";
import { upgradeConnection } from "./upgrade.ts";

type SshEndpoint = Extract<Endpoint, { kind: "ssh" }>;

/**
 * A transport through the user's own `ssh`, which runs
 * `docker system dial-stdio` on the other machine, as docker's CLI does. The
 * user's keys, agent, known hosts and ssh configuration apply.
 *
 * `fetch` needs a socket, so requests go through a temporary Unix socket, in a
 * folder that only this user can enter. Each connection to it starts one ssh
 * process.
 */
export function sshTransport(endpoint: SshEndpoint): Transport {
  const dialer = new ProgramDialler({
    program: "ssh",
    args: sshArguments(endpoint),
    where: formatEndpoint(endpoint),
    install: "OpenSSH's client",
  });
  let relay: Promise<Relay> | undefined;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw closedClient(endpoint);
  };
  return {
    endpoint: formatEndpoint(endpoint),
    async fetch(path, init = {}) {
      checkOpen();
      try {
        relay ??= openRelay(dialer);
        const opening = relay;
        // If opening fails, the next request tries again.
        opening.catch(() => relay === opening && (relay = undefined));
        const { client } = await opening;
        return await fetch(`http://localhost${path}`, {
          ...init,
          client,
          redirect: "manual",
        });
      } catch (error) {
        init.signal?.throwIfAborted();
        throw explain(endpoint, dialer, error);
      }
    },
    async upgrade(path, init) {
      checkOpen();
      try {
        return await upgradeConnection(dialer.dial(), path, init);
      } catch (error) {
        init.signal?.throwIfAborted();
        throw explain(endpoint, dialer, error);
      }
    },
    dial() {
      checkOpen();
      return Promise.resolve().then(() => dialer.dial());
    },
    async close() {
      closed = true;
      if (relay === undefined) return;
      const opened = await relay.catch(() => undefined); // then nothing was opened
      relay = undefined;
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/**
 * The arguments of ssh for one connection to docker's engine. They do not pass
 * through a shell on this machine.
 */
export function sshArguments(endpoint: SshEndpoint): string[] {
  const far = endpoint.path === undefined
    ? ["docker", "system", "dial-stdio"]
    : [
      "docker",
      "--host",
      shellQuoted(`unix://${endpoint.path}`),
      "system",
      "dial-stdio",
    ];
  return sshCommand(endpoint, far);
}

/** The arguments of ssh that run a command on the other machine. */
export function sshCommand(
  { hostname, user, port }: {
    readonly hostname: string;
    readonly user?: string | undefined;
    readonly port?: number | undefined;
  },
  command: readonly string[],
): string[] {
  return [
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    "--",
    hostname,
    ...command,
  ];
}

/**
 * Quotes a word for the shell on the other machine, which reads the command
 * again.
 */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Adds ssh's own output to an error: it says whether the key, the host or the
 * password is the problem.
 */
function explain(
  endpoint: SshEndpoint,
  { words }: ProgramDialler,
  error: unknown,
): unknown {
  const failure = connectionFailure(endpoint, error);
  if (!(failure instanceof ConnectionError) || words === "") return failure;
  return new ConnectionError(
    `Cannot reach ${formatEndpoint(endpoint)}: ssh says: ${words}`,
    { cause: error },
  );
}

interface Relay extends AsyncDisposable {
  readonly client: Deno.HttpClient;
}

async function openRelay(dialer: ProgramDialler): Promise<Relay> {
  const folder = await Deno.makeTempDir({ prefix: "davit-ssh-" }); // mode 0700
  const path = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const joined = new Set<Promise<unknown>>();
  const accepting = (async () => {
    for await (const conn of listener) {
      const near = connDuplex(conn);
      let far: ByteDuplex;
      try {
        far = dialer.dial();
      } catch {
        // ssh could not be started: the request fails, and explain says why.
        near.readable.cancel().catch(() => {});
        continue;
      }
      const both = Promise.allSettled([
        near.readable.pipeTo(far.writable),
        far.readable.pipeTo(near.writable),
      ]);
      joined.add(both);
      both.finally(() => joined.delete(both));
    }
  })();
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      await dialer.endAll();
      await Promise.all(joined);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

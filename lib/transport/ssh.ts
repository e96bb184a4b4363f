import { ConnectionError } from "../errors.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { connDuplex } from "./conn.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { closedClient, connectionFailure } from "./failure.ts";
import type { Transport } from "./transport.ts";
import { upgradeConnection } from "./upgrade.ts";

type SshEndpoint = Extract<Endpoint, { kind: "ssh" }>;

/** How long an ssh process may take to end after SIGTERM, in milliseconds. */
const END_GRACE_MS = 2_000;

/** How much of ssh's own error output is kept for errors, in characters. */
const MAX_STDERR_CHARS = 2000;

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
  const dialer = new SshDialer(endpoint);
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
        throw dialer.explain(error);
      }
    },
    async upgrade(path, init) {
      checkOpen();
      try {
        return await upgradeConnection(dialer.dial(), path, init);
      } catch (error) {
        init.signal?.throwIfAborted();
        throw dialer.explain(error);
      }
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
 * The arguments of ssh for one connection. They do not pass through a shell on
 * this machine.
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
  return [
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(endpoint.user === undefined ? [] : ["-l", endpoint.user]),
    ...(endpoint.port === undefined ? [] : ["-p", String(endpoint.port)]),
    "--",
    endpoint.hostname,
    ...far,
  ];
}

/**
 * Quotes a word for the shell on the other machine, which reads the command
 * again.
 */
function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

class SshDialer {
  readonly #endpoint: SshEndpoint;
  /** The newest error output of the ssh processes. */
  #stderr = "";
  readonly #children = new Set<Deno.ChildProcess>();

  constructor(endpoint: SshEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Starts an ssh process; its standard input and output are the connection.
   */
  dial(): ByteDuplex {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command("ssh", {
        args: sshArguments(this.#endpoint),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) {
        throw new ConnectionError(
          `Cannot reach ${
            formatEndpoint(this.#endpoint)
          }: there is no "ssh" program on this machine; install OpenSSH's client`,
          { cause },
        );
      }
      throw cause;
    }
    this.#children.add(child);
    child.status.then(() => this.#children.delete(child));
    this.#stderr = "";
    this.#keepWords(child.stderr);
    const kill = () => end(child);
    const stdout = child.stdout.getReader();
    const stdin = child.stdin.getWriter();
    return {
      readable: new ReadableStream({
        async pull(controller) {
          const { done, value } = await stdout.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel(reason) {
          kill();
          return stdout.cancel(reason);
        },
      }, { highWaterMark: 0 }),
      writable: new WritableStream({
        write: (chunk) => stdin.write(chunk),
        close: () => stdin.close(),
        async abort(reason) {
          kill();
          await stdin.abort(reason);
        },
      }),
    };
  }

  /**
   * Ends every ssh process that still runs. One whose other side is gone could
   * otherwise wait for ever.
   */
  async endAll(): Promise<void> {
    const over = Promise.all([...this.#children].map(({ status }) => status));
    for (const child of this.#children) end(child);
    const timer = setTimeout(() => {
      for (const child of this.#children) end(child, "SIGKILL");
    }, END_GRACE_MS);
    await over;
    clearTimeout(timer);
  }

  /**
   * Adds ssh's own output to an error: it says whether the key, the host or the
   * password is the problem.
   */
  explain(error: unknown): unknown {
    const failure = connectionFailure(this.#endpoint, error);
    const words = this.#stderr.trim();
    if (!(failure instanceof ConnectionError) || words === "") return failure;
    return new ConnectionError(
      `Cannot reach ${formatEndpoint(this.#endpoint)}: ssh says: ${words}`,
      { cause: error },
    );
  }

  async #keepWords(stderr: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (
        const text of stderr.pipeThrough(
          new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
        )
      ) {
        this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS);
      }
    } catch {
      // Only ssh's error output is lost; the connection reports its own end.
    }
  }
}

function end(
  child: Deno.ChildProcess,
  signal: "SIGTERM" | "SIGKILL" = "SIGTERM",
): void {
  try {
    child.kill(signal);
  } catch {
    // The process has already ended.
  }
}

interface Relay extends AsyncDisposable {
  readonly client: Deno.HttpClient;
}

async function openRelay(dialer: SshDialer): Promise<Relay> {
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
        // ssh could not be started: the request fails, and explain() says why.
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

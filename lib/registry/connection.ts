import { isLoopback } from "../transport/endpoint.ts";
import { RegistryError } from "./registry_error.ts";

/** How many redirects of one request are followed. */
const MAX_REDIRECTS = 5;

/** How long a registry may take for the head of an answer, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** Statuses of answers that name another address. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Certificates for registries, as PEM text. */
export interface RegistryTls {
  /** Authorities that are trusted besides Deno's own. */
  readonly ca: readonly string[];
  /** The client's certificate. */
  readonly cert?: string;
  /** Its key. */
  readonly key?: string;
}

/** One request to a registry. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit | undefined;
}

/**
 * Sends requests to one registry by `fetch`, and says in words why one did not
 * arrive. A plain connection to this machine is direct; for all others the
 * proxies of the environment are used as Deno does it.
 */
export class RegistryConnection implements Disposable {
  readonly #registry: string;
  readonly #tls: RegistryTls;
  readonly #signal: AbortSignal;
  readonly #clients = new Map<string, Deno.HttpClient>();

  /**
   * @param registry Name of the registry, for errors.
   * @param signal Aborts all requests.
   */
  constructor(registry: string, tls: RegistryTls, signal: AbortSignal) {
    this.#registry = registry;
    this.#tls = tls;
    this.#signal = signal;
  }

  /** The client of `fetch` for an address; undefined for Deno's own. */
  client(url: URL): Deno.HttpClient | undefined {
    const isPlain = url.protocol === "http:" && isLoopback(url.host);
    const { ca, cert, key } = this.#tls;
    if (!isPlain && ca.length === 0 && cert === undefined) return undefined;
    // The client's certificate is for the registry alone.
    const isOwn = url.host === this.#registry;
    const id = isPlain ? url.host : isOwn ? "own" : "other";
    const known = this.#clients.get(id);
    if (known !== undefined) return known;
    const client = Deno.createHttpClient({
      ...(isPlain
        ? {
          // A `proxy` that names the registry itself: it replaces the proxies of
          // the environment.
          proxy: {
            transport: "tcp" as const,
            hostname: url.hostname,
            port: Number(url.port || 80),
          },
        }
        : { caCerts: [...ca] }),
      ...(!isPlain && isOwn && cert !== undefined && key !== undefined
        ? { cert, key }
        : {}),
    });
    this.#clients.set(id, client);
    return client;
  }

  /**
   * Sends a request. Redirects are followed where nothing is sent but the
   * question; `Authorization` goes to no other host.
   *
   * @throws {RegistryError} If no answer comes.
   */
  async send(url: URL, request: RegistryRequest): Promise<Response> {
    const isQuestion = request.method === "GET" || request.method === "HEAD";
    let target = url;
    for (let redirects = 0;; redirects++) {
      const response = await this.#fetch(target, {
        ...request,
        headers: target.origin === url.origin
          ? request.headers ?? {}
          : withoutAuthorization(request.headers ?? {}),
      });
      if (!REDIRECTS.has(response.status)) return response;
      await response.body?.cancel();
      const location = response.headers.get("location") ?? "";
      const next = URL.parse(location, target);
      const refuse = (why: string) =>
        new RegistryError(
          `The registry ${this.#registry} sends a request on to another address, ${why}`,
          { registry: this.#registry, status: response.status },
        );
      if (!isQuestion) throw refuse("which is not followed with content");
      if (redirects === MAX_REDIRECTS) {
        throw refuse(`and so on: more than ${MAX_REDIRECTS} times`);
      }
      if (next === null || !/^https?:$/.test(next.protocol)) {
        throw refuse("which is none");
      }
      if (target.protocol === "https:" && next.protocol === "http:") {
        throw refuse(`${next.host}, without encryption`);
      }
      if (next.username + next.password !== "") {
        throw refuse("which has a login in it");
      }
      target = next;
    }
  }

  async #fetch(url: URL, request: RegistryRequest): Promise<Response> {
    const { method, headers, body } = request;
    const late = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      timer = setTimeout(() => late.abort(), TIMEOUT_MS);
    };
    // A body that is a stream takes as long as its source; then the answer is due.
    const sent = body instanceof ReadableStream
      ? ReadableStream.from(ending(body, wait))
      : body;
    if (sent === body) wait();
    try {
      const client = this.client(url);
      return await fetch(url, {
        method,
        headers: { ...headers },
        redirect: "manual",
        signal: AbortSignal.any([this.#signal, late.signal]),
        ...(sent === undefined ? {} : { body: sent }),
        ...(client === undefined ? {} : { client }),
      });
    } catch (error) {
      this.#signal.throwIfAborted();
      throw this.#failure(url, error, late.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The error for a request that got no answer. It has no address but the
   * host's: the rest may hold what lets others in.
   */
  #failure(url: URL, error: unknown, isLate: boolean): RegistryError {
    const { host } = url;
    const at = host === this.#registry
      ? `the registry ${host}`
      : `${host}, for the registry ${this.#registry},`;
    const fail = (message: string, cause?: unknown) =>
      new RegistryError(message, { registry: this.#registry, cause });
    if (error instanceof Deno.errors.NotCapable) {
      return fail(
        `Deno was not given the permission to reach ${at}: run it with --allow-net=${host}`,
        error,
      );
    }
    if (isLate) {
      return fail(
        `No answer of ${at} within ${
          TIMEOUT_MS / 1000
        } s: is it stuck, or a proxy before it?`,
      );
    }
    const words = rootMessage(error);
    if (/certificate/i.test(words)) {
      return fail(
        `No connection to ${at}: ${words}; give the authority of its certificate in the option ca (registryCa of a builder), or put it where docker has it (/etc/docker/certs.d/${host}/ca.crt)`,
      );
    }
    if (/connection refused/i.test(words)) {
      return fail(
        `Nobody listens at ${at}: is it running, and is that its port?`,
      );
    }
    return fail(`The connection to ${at} failed: ${words}`);
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

/** The same bytes; tells when all of them were taken. */
async function* ending(
  bytes: ReadableStream,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  yield* bytes;
  onEnd();
}

function withoutAuthorization(
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) =>
      name.toLowerCase() !== "authorization"
    ),
  );
}

/** The message of the innermost cause, without the address asked. */
function rootMessage(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) {
    root = root.cause;
  }
  const words = root instanceof Error ? root.message : String(root);
  return words.replace(/(?: from \S+)? for (?:url \([^)]*\)|https?:\S+)/, "");
}

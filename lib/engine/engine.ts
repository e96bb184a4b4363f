// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
  UnsupportedError,
} from "../errors.ts";
import { messageOf } from "../transport/upgrade.ts";
import { isHere } from "../transport/endpoint.ts";
import type { Transport } from "../transport/transport.ts";
import { answerText } from "./answer_text.ts";
import {
  checkApiVersion,
  compareApi,
  NEWEST_API,
  OLDEST_API,
} from "./api_version.ts";
import { type AnswerShape, checkAnswer } from "./fields.ts";
import { type Ping, readPing } from "./ping_headers.ts";

/** How long an engine may take to answer its first ping, in milliseconds. */
const PING_TIMEOUT_MS = 30_000;

/** The longest error body that is read, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Query parameters. Those that are undefined are left out; a list repeats its
 * parameter.
 */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** One request to the engine. */
export interface EngineRequest {
  /** HTTP method; the default is `GET`. */
  readonly method?: string;
  /** Path without version, such as `/images/json`. */
  readonly path: string;
  /** Query parameters. */
  readonly query?: Query;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Body; an object that is not bytes or a stream is sent as JSON. */
  readonly body?: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string;
  /** Aborts the request and the answer's body. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known about an engine from its first ping. */
export interface EngineFacts extends Ping {
  /** The API version that requests use. */
  readonly negotiated: string;
}

/** Whether the engine is podman with its Docker-compatible API. */
export function isPodman(facts: EngineFacts): boolean {
  return facts.libpodApiVersion !== undefined;
}

/**
 * Sends requests to an engine: negotiates the API version, and turns error
 * answers into {@linkcode EngineError}.
 */
export class Engine {
  /** The transport to the engine. */
  readonly transport: Transport;
  readonly #wanted: string | undefined;
  #facts: Promise<EngineFacts> | undefined;
  /**
   * Aborts the ping when the engine is closed. The ping has no caller's signal,
   * because several callers may wait for the same one.
   */
  readonly #closing = new AbortController();

  /**
   * @param apiVersion Version to use, such as `1.41`; negotiated unless given.
   * @throws {TypeError} If it is no version.
   */
  constructor(transport: Transport, apiVersion?: string) {
    this.transport = transport;
    if (apiVersion !== undefined) checkApiVersion(apiVersion);
    this.#wanted = apiVersion;
  }

  /** The engine's address, for messages. */
  get where(): string {
    return this.transport.endpoint ?? "the given transport";
  }

  /** Whether the engine is on this machine, as far as its address shows. */
  get isHere(): boolean {
    return isHere(this.where);
  }

  /** Whether the engine was asked what it is before; not if that failed. */
  get isMet(): boolean {
    return this.#facts !== undefined;
  }

  /**
   * Asks the engine for its API versions and chooses the newest one that both
   * sides know. It asks once; after a failure the next call asks again.
   *
   * @param signal Ends the waiting of this caller.
   * @throws {ConnectionError} If nothing that speaks the Engine API answers.
   * @throws {UnsupportedError} If there is no common version.
   */
  facts(signal?: AbortSignal): Promise<EngineFacts> {
    if (this.#facts === undefined) {
      const facts = this.#negotiate();
      this.#facts = facts;
      facts.catch(() => {
        if (this.#facts === facts) this.#facts = undefined;
      });
    }
    return signal === undefined ? this.#facts : abortable(this.#facts, signal);
  }

  /**
   * Sends a request in the negotiated version.
   *
   * @throws {EngineError} If the engine answers with a status of 300 or above.
   */
  async request(request: EngineRequest): Promise<Response> {
    const { negotiated } = await this.facts(request.signal);
    return await this.send(`/v${negotiated}${request.path}`, request);
  }

  /**
   * Sends a request whose answer is JSON, and checks the answer.
   *
   * @param shape What the answer must look like.
   * @throws {EngineError} If the engine answers with a status of 300 or above.
   * @throws {ProtocolError} If the answer is no JSON, or has another shape. The
   * error does not quote it.
   */
  async json<T>(request: EngineRequest, shape: AnswerShape): Promise<T> {
    const answer = await readJson(await this.request(request), request);
    const { method = "GET", path } = request;
    return checkAnswer(answer, shape, `The answer to ${method} ${path}`);
  }

  /** The same as {@linkcode request}, for paths without a version. */
  async send(path: string, request: EngineRequest): Promise<Response> {
    const method = request.method ?? "GET";
    request.signal?.throwIfAborted();
    const response = await this.transport.fetch(path + search(request.query), {
      method,
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if (response.status < 300) return response;
    throw new EngineError({
      status: response.status,
      method,
      path: request.path,
      detail: await readDetail(response),
    });
  }

  /**
   * Aborts the ping, if one is running. Closing the transport is left to its
   * owner.
   */
  close(): void {
    this.#closing.abort();
  }

  async #negotiate(): Promise<EngineFacts> {
    const ping = await this.#ping();
    if (this.#wanted !== undefined) {
      return { ...ping, negotiated: this.#wanted };
    }
    if (compareApi(ping.apiVersion, OLDEST_API) < 0) {
      throw new UnsupportedError(
        "this engine",
        `The engine at ${this.where} speaks API ${ping.apiVersion}; davit needs ${OLDEST_API} or newer: update the engine`,
      );
    }
    const negotiated = compareApi(ping.apiVersion, NEWEST_API) < 0
      ? ping.apiVersion
      : NEWEST_API;
    return { ...ping, negotiated };
  }

  async #ping(): Promise<Ping> {
    const timeout = AbortSignal.timeout(PING_TIMEOUT_MS);
    const signal = AbortSignal.any([timeout, this.#closing.signal]);
    let response: Response;
    try {
      response = await this.send("/_ping", { path: "/_ping", signal });
      await response.body?.cancel();
    } catch (cause) {
      if (!timeout.aborted) throw cause;
      throw new ConnectionError(
        `What listens at ${this.where} did not answer within ${
          PING_TIMEOUT_MS / 1000
        } seconds: is it a Docker engine?`,
        { cause },
      );
    }
    const ping = readPing(response.headers);
    if (ping !== undefined) return ping;
    throw new ConnectionError(
      `What listens at ${this.where} is not a Docker engine: its answer to /_ping names no API version`,
    );
  }
}

/**
 * Reads the answer to a request as JSON.
 *
 * @throws {ProtocolError} If it is no JSON, or far too long. The error does not
 * quote it.
 * @throws {ConnectionError} If the connection breaks.
 */
export async function readJson<T>(
  response: Response,
  { method = "GET", path, signal }: EngineRequest,
): Promise<T> {
  let text: string;
  try {
    text = await answerText(response, `The answer to ${method} ${path}`);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ProtocolError) throw cause;
    throw new ConnectionError(
      `The connection broke in the answer to ${method} ${path}: is the engine still running?`,
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is not kept as `cause`: its message quotes the answer.
    throw new ProtocolError(
      `The answer to ${method} ${path} (${text.length} characters) is not JSON: is something between davit and the engine?`,
    );
  }
}

/**
 * The body of an answer that must have one.
 *
 * @throws {ProtocolError} If there is none, as with a status of 204.
 */
export function answerBody(
  response: Response,
  { method = "GET", path }: Pick<EngineRequest, "method" | "path">,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  if (response.body !== null) return response.body;
  throw new ProtocolError(
    `The engine answered ${method} ${path} with nothing (status ${response.status}): is something between davit and the engine?`,
  );
}

function search(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === "object") {
      for (const item of value) params.append(name, item);
    } else {
      params.append(name, String(value));
    }
  }
  return params.size === 0 ? "" : `?${params}`;
}

/**
 * The message in an error answer: newer engines send it in JSON; older ones,
 * and proxies, as plain text.
 */
async function readDetail(response: Response): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The connection broke in the error's text. The status is known, so it is
    // reported with as much of the text as was read.
  }
  const text = (await new Blob(chunks).text()).slice(0, MAX_ERROR_BYTES)
    .toWellFormed().trim();
  return messageOf(text) ?? (text || response.statusText || "no reason given");
}

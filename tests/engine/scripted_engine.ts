import {
  DockerClient,
  type DockerClientOptions,
} from "../../lib/client/docker_client.ts";
import type { Transport } from "../../lib/transport/transport.ts";

/** A request as the transport was given it. */
export interface Asked {
  readonly method: string | undefined;
  /** Path and query. */
  readonly path: string;
  readonly headers: Record<string, string> | undefined;
  /** As text; undefined where there was none. */
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Names of all that was given, sorted. */
  readonly given: readonly string[];
}

/** Answers a request; its ping is answered already. */
export type Script = (asked: Asked) => Response | Promise<Response>;

/** An engine within the test: it keeps what it was asked, and answers as it is told. */
export class ScriptedEngine implements Transport {
  readonly asked: Asked[] = [];
  endpoint: string | undefined = "unix:///scripted.sock";
  closed = 0;
  readonly #script: Script;
  readonly #apiVersion: string;

  constructor(script: Script, apiVersion = "1.51") {
    this.#script = script;
    this.#apiVersion = apiVersion;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (path === "/_ping" && this.#apiVersion !== "") {
      return new Response("OK", {
        headers: { "Api-Version": this.#apiVersion },
      });
    }
    const asked: Asked = {
      method: init.method,
      path,
      headers: init.headers as Record<string, string> | undefined,
      body: init.body ? await new Response(init.body).text() : undefined,
      signal: init.signal ?? undefined,
      given: Object.keys(init).sort(),
    };
    this.asked.push(asked);
    return await this.#script(asked);
  }

  close(): void {
    this.closed++;
  }
}

/** A client of such an engine. */
export function scripted(
  script: Script,
  { apiVersion, ...options }: DockerClientOptions & { apiVersion?: string } =
    {},
): { engine: ScriptedEngine; docker: DockerClient } {
  const engine = new ScriptedEngine(script, apiVersion);
  return { engine, docker: new DockerClient(engine, options) };
}

/** An answer whose body tells whether it was given back. */
export function watched(status = 200, text = ""): {
  response: Response;
  isCancelled: () => boolean;
} {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
    },
    cancel() {
      cancelled = true;
    },
  });
  return {
    response: new Response(body, { status }),
    isCancelled: () => cancelled,
  };
}

import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../mod.ts";
import { assert } from "../support/assert.ts";
import { tarBytes } from "../support/tar.ts";
import { decodedAnswer } from "./answers.ts";

/** How long a text may take to come, in milliseconds. */
const PATIENCE_MS = 90_000;

/** One build of a client's, through a gateway. */
export interface ClientBuild {
  /** Settles when the answer so far holds a text, BuildKit's log decoded. */
  seen(text: string): Promise<void>;
  /** The whole answer. */
  readonly answer: Promise<string>;
  /** Ends the connection in the middle. */
  hangUp(): Promise<void>;
}

/** Starts builds at the socket of a gateway; networks are `none`. */
export class BuildingClient implements Disposable {
  readonly #client: Deno.HttpClient;

  /** @param path Path of the socket. */
  constructor(path: string) {
    this.#client = Deno.createHttpClient({
      proxy: { transport: "unix", path },
    });
  }

  /** Builds the lines of a Dockerfile. */
  async build(
    dockerfile: readonly string[],
    secrets: Readonly<Record<string, string>> = {},
    query = "",
  ): Promise<ClientBuild> {
    const controller = new AbortController();
    const given = Object.entries(secrets);
    let text = "";
    let ended = false;
    const waiting = new Set<() => void>();
    const tell = () => waiting.forEach((wake) => wake());
    const body = await tarBytes({ Dockerfile: dockerfile.join("\n") });
    const answer = (async () => {
      try {
        const response = await this.fetch(
          `/build?version=2&networkmode=none${query}`,
          {
            method: "POST",
            body,
            signal: controller.signal,
            headers: given.length === 0 ? {} : {
              "X-BuildKit-Secrets": encodeSecretsHeader(
                given.map(([id, value]) => [id, new Secret(value)]),
              ),
            },
          },
        );
        text += `${response.status}\n`;
        const decoder = new TextDecoder();
        for await (const chunk of response.body!) {
          text += decoder.decode(chunk, { stream: true });
          tell();
        }
        return decodedAnswer(text);
      } finally {
        ended = true;
        tell();
      }
    })();
    answer.catch(() => {}); // whoever waits for it hears it
    return {
      answer,
      async seen(word) {
        let late = false;
        const timer = setTimeout(() => {
          late = true;
          tell();
        }, PATIENCE_MS);
        try {
          while (!decodedAnswer(text).includes(word)) {
            assert(!late, `no ${word} in time: ${decodedAnswer(text)}`);
            assert(
              !ended,
              `the build ended without ${word}: ${decodedAnswer(text)}`,
            );
            await new Promise<void>((resolve) => {
              const wake = () => {
                waiting.delete(wake);
                resolve();
              };
              waiting.add(wake);
            });
          }
        } finally {
          clearTimeout(timer);
        }
      },
      async hangUp() {
        controller.abort();
        await answer.catch(() => {}); // it was wanted
      },
    };
  }

  /** Asks for something else. */
  async fetch(
    path: string,
    init: RequestInit = {},
  ): Promise<Response> {
    return await fetch(`http://localhost${path}`, {
      ...init,
      client: this.#client,
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

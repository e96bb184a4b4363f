import {
  BUILD_HEAD,
  drainChunked,
  type FakeEngine,
  type FakeRequest,
  startFakeEngine,
} from "../support/fake_engine.ts";

/** What an engine answers to a request whose method and path match. */
export interface Answer {
  /** Such as `POST /build\\?`; the version before the path is left out. */
  readonly to: RegExp;
  /** One JSON value. */
  readonly json?: unknown;
  /** Several, one a line. */
  readonly lines?: readonly unknown[];
  /** Anything else that is done before the answer. */
  readonly first?: (request: FakeRequest) => Promise<void> | void;
}

/** A ping's answer with further headers. */
export function pong(...headers: readonly string[]): string {
  return [
    "HTTP/1.1 200 OK",
    "Api-Version: 1.47",
    "Ostype: linux",
    ...headers,
    "Content-Length: 2",
    "",
    "OK",
  ].join("\r\n");
}

/** The method and the path of a request, without the version. */
export function askedFor({ method, target }: FakeRequest): string {
  return `${method} ${target.replace(/^\/v\d+\.\d+\//, "/")}`;
}

/** An engine that answers by a list, and refuses with 404 what is not on it. */
export async function startScripted(
  answers: readonly Answer[],
  ping: string = pong(),
): Promise<FakeEngine> {
  return await startFakeEngine(async (request) => {
    const what = askedFor(request);
    const answer = answers.find(({ to }) => to.test(what));
    if (answer === undefined) {
      const text = JSON.stringify({ message: `nobody expects ${what}` });
      await request.write(
        `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      );
      return;
    }
    const isStream = /^transfer-encoding: chunked/im.test(request.head);
    if (isStream) await drainChunked(request);
    await answer.first?.(request);
    const { lines = [answer.json] } = answer;
    await request.write(
      BUILD_HEAD + lines.map((line) => `${JSON.stringify(line)}\r\n`).join(""),
    );
  }, ping);
}

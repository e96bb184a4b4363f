import { type Engine, readJson } from "../engine/engine.ts";
import type { KnownValues } from "./known_values.ts";
import { maskedAnswer, maskedError } from "./masked_answer.ts";
import { Refusal } from "./refusal.ts";
import { readUnread } from "./unread_body.ts";
import type { RequestBody } from "./request_body.ts";
import type { RequestHead } from "./request_head.ts";
import type { Route } from "./routes.ts";
import { formatTarget, type Target } from "./target.ts";

/** Headers of a client's that mean something to an engine, and nothing to what is between. */
const FORWARDED = ["accept", "x-registry-auth", "x-registry-config"];

/**
 * Bodies that an engine takes. A form is none: its fields would count as query
 * parameters, before those that were looked at.
 */
const BODY_TYPES = [
  "application/json",
  "application/octet-stream",
  "application/tar",
  "application/x-tar",
];

/** What of `/info` builds have a use for; the rest tells of the machine and its neighbours. */
const INFO_FIELDS = [
  "Architecture",
  "Driver",
  "DriverStatus",
  "ExperimentalBuild",
  "MemTotal",
  "NCPU",
  "OSType",
  "OperatingSystem",
  "ServerVersion",
];

/** The headers that go on. */
export function forwardedHeaders(head: RequestHead): Record<string, string> {
  return Object.fromEntries(FORWARDED.flatMap((name) => {
    const value = head.headers.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/**
 * Hands a request on that is no build. In its answer, what clients wrote is
 * masked with the values of the builds that run.
 *
 * @throws {Refusal} If its body is nothing that is handed on.
 */
export async function forwardRequest(
  engine: Engine,
  head: RequestHead,
  target: Target,
  route: Route,
  body: RequestBody,
  known: KnownValues,
  signal: AbortSignal,
): Promise<Response> {
  const headers = forwardedHeaders(head);
  const content = route.body === true ? body.stream : null;
  if (content === null && body.stream !== null) await readUnread(body.stream);
  if (content !== null) {
    const type = /^[^;\s]*/.exec(
      head.headers.get("content-type") ?? "application/octet-stream",
    )![0].toLowerCase();
    if (!BODY_TYPES.includes(type)) {
      throw new Refusal(
        415,
        "davit gateway: a body of this type is not forwarded",
      );
    }
    headers["content-type"] = type;
  }
  const response = await engine.transport.fetch(formatTarget(target), {
    method: head.method,
    headers,
    signal,
    ...(content === null ? {} : { body: content }),
  });
  if (route.handling === "info" && response.ok) {
    return trimInfo(
      await readJson(response, { path: "/info" }),
      response.headers,
    );
  }
  if (response.body === null) return response;
  const { answer } = route;
  if (!response.ok) {
    return withBody(response, await maskedError(response.body, known.mask));
  }
  // Lines go on for long, and a build may begin meanwhile.
  if (answer === undefined || known.empty && !answer.lines) return response;
  return withBody(
    response,
    await maskedAnswer(response.body, answer, known.mask, signal),
  );
}

function withBody(
  { status, headers }: Response,
  body: ReadableStream<Uint8Array>,
): Response {
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, {
    status,
    headers,
  });
}

function trimInfo(
  info: Readonly<Record<string, unknown>>,
  headers: Headers,
): Response {
  const trimmed = Object.fromEntries(
    INFO_FIELDS.filter((name) => name in info).map((
      name,
    ) => [name, info[name]]),
  );
  return new Response(JSON.stringify(trimmed), {
    headers,
  });
}

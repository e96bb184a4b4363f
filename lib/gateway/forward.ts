import { type Engine, readJson } from "../engine/engine.ts";
import type { KnownValues } from "./known_values.ts";
import { maskedAnswer, maskedError } from "./masked_answer.ts";
import { Refusal } from "./refusal.ts";
import { readUnread } from "./unread_body.ts";
import type { RequestBody } from "./request_body.ts";
import type { RequestHead } from "./request_head.ts";
import type { Route } from "./routes.ts";
import { formatTarget, type Target } from "./target.ts";

/**
 * Request headers of a client that an engine acts on and that are safe to
 * forward.
 */
const FORWARDED = ["accept", "x-registry-auth", "x-registry-config"];

/**
 * Media types of bodies that are forwarded. Forms are not: engines would read
 * their fields as query parameters, in preference to those that were checked.
 */
const BODY_TYPES = [
  "application/json",
  "application/octet-stream",
  "application/tar",
  "application/x-tar",
];

/**
 * The fields of `/info` that clients need for a build; the others describe the
 * machine and what else runs on it.
 */
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

/** The headers to forward. */
export function forwardedHeaders(head: RequestHead): Record<string, string> {
  return Object.fromEntries(FORWARDED.flatMap((name) => {
    const value = head.headers.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/**
 * Forwards a request that is no build. In the answer, the values of all running
 * builds are masked wherever a client could have written them.
 *
 * @throws {Refusal} If its body may not be forwarded.
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
  // Such an answer can take long, and a build may begin in the meantime: each
  // line is masked with what is known then.
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
    INFO_FIELDS.map((name) => [name, info[name]]), // JSON has no undefined ones
  );
  return new Response(JSON.stringify(trimmed), {
    headers,
  });
}

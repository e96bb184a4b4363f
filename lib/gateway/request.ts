// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { Engine } from "../engine/engine.ts";
import { GATEWAY_HEADER } from "../engine/ping_headers.ts";
import type { AnswerWriter } from "./answer.ts";
import { forwardBuild, readSecrets } from "./build_forward.ts";
import { buildContext } from "./build_context.ts";
import { checkBuildQuery } from "./build_rules.ts";
import type { ClientReader } from "./client_reader.ts";
import type { EngineBuild } from "./engine_build.ts";
import { forwardRequest } from "./forward.ts";
import type { KnownValues } from "./known_values.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Policy } from "./policy.ts";
import { forbidden, malformed, Refusal } from "./refusal.ts";
import { RequestBody } from "./request_body.ts";
import type { RequestHead } from "./request_head.ts";
import { findRoute, type Route } from "./routes.ts";
import type { RunningBuilds } from "./running_builds.ts";
import { SecretReports } from "./secret_reports.ts";
import type { StepKeys } from "./step_keys.ts";
import { normalizeTarget, type Target } from "./target.ts";
import type { Turns } from "./turns.ts";
import type { TokenCheck } from "./token.ts";

/** What a gateway needs to handle a request. */
export interface RequestSettings {
  readonly engine: Engine;
  readonly policy: Policy;
  readonly limits: GatewayLimits;
  readonly token: TokenCheck | undefined;
  /** The secrets of all running builds. */
  readonly known: KnownValues;
  /**
   * Keeps steps of builds with different secrets apart; undefined where clients
   * share steps.
   */
  readonly steps: StepKeys | undefined;
  /** Host names that a request may give; undefined allows any. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Queues requests that need much computing time. */
  readonly turns: Turns;
  /** The builds that the engine is running. */
  readonly builds: RunningBuilds;
  /** Aborts everything that runs. */
  readonly signal: AbortSignal;
}

/** One request, and the connection on which it came. */
export interface RequestInit {
  readonly head: RequestHead;
  readonly source: ClientReader;
  readonly answer: AnswerWriter;
}

/**
 * Checks a request, forwards it, and sends the answer back.
 *
 * @returns Whether this connection can be used for another request.
 * @throws {Refusal} If the request is not allowed.
 */
export async function handleRequest(
  { head, source, answer }: RequestInit,
  settings: RequestSettings,
): Promise<boolean> {
  const { engine, policy, limits, known, steps } = settings;
  await admit(head, settings);
  const { route, target: asked } = findRoute(
    head.method,
    normalizeTarget(head.target),
    policy.allow,
  );
  if (head.headers.has("upgrade")) {
    throw malformed("connections are not taken over here");
  }
  const isBuild = route.handling === "build";
  const over = new AbortController();
  const late = new Refusal(504, "davit gateway: the request took too long");
  const timer = setTimeout(() => over.abort(late), limits.totalMs);
  const signal = AbortSignal.any([settings.signal, over.signal]);
  // A client that hung up does not want the answer. One that closed only its
  // sending half can't be told from it; that one can still read the error.
  const gone = malformed(
    "the connection was closed before the answer: keep it open in both directions",
  );
  const ahead = malformed(
    "more than is kept was sent behind it before its answer: wait for the answer",
  );
  let unwatch = () => {};
  const watch = () => {
    unwatch = source.watch((how) => over.abort(how === "gone" ? gone : ahead));
  };
  let body: RequestBody | undefined;
  let build: EngineBuild | undefined;
  try {
    const query = isBuild
      ? await checkBuildQuery(asked.query, policy.build, signal)
      : asked.query;
    const target = { ...asked, query };
    // Some clients send the secrets header with every request. It is dropped
    // from requests that are no builds.
    const secrets = isBuild ? readSecrets(head, target) : undefined;
    body = new RequestBody(source, head.length, limits, watch);
    const isBuildKit = secrets !== undefined ||
      valueOf(query, "version") === "2" || SecretReports.areAsked(head);
    build = isBuild
      ? settings.builds.begin(isBuildKit, valueOf(query, "buildid"))
      : undefined;
    if (head.expectsContinue && body.stream !== null) await answer.goOn();
    if (body.stream === null) watch();
    const served = build === undefined
      ? await answerRequest(head, target, route, body, signal, settings)
      : await forwardBuild(
        head,
        target,
        secrets,
        await buildContext(body, query, isBuildKit, (why) => over.abort(why)),
        { engine, build, known, steps, limits, signal },
      );
    const keeps = body.complete && !head.close;
    const extra = target.path === "/_ping"
      ? [[GATEWAY_HEADER, "1"] as const]
      : served.headers;
    const content = head.method === "HEAD" ? null : served.body;
    await answer.forward(served.response, content, !keeps, extra);
    return keeps;
  } catch (error) {
    throw reasonOf(error, body, signal);
  } finally {
    clearTimeout(timer);
    unwatch();
    over.abort();
    await build?.leave();
  }
}

/** Answers a request that is no build. */
async function answerRequest(
  head: RequestHead,
  target: Target,
  route: Route,
  body: RequestBody,
  signal: AbortSignal,
  { engine, known, builds }: RequestSettings,
): Promise<Served> {
  if (route.handling === "cancel") {
    await abortable(builds.cancel(valueOf(target.query, "id")), signal);
    return { response: new Response(null), body: null };
  }
  const response = await forwardRequest(
    engine,
    head,
    target,
    route,
    body,
    known,
    signal,
  );
  return { response, body: response.body };
}

function valueOf(query: Target["query"], name: string): string {
  return query.find(([other]) => other === name)?.[1] ?? "";
}

/** Whether this client may use the gateway at all. */
async function admit(
  { headers }: RequestHead,
  { token, hosts }: RequestSettings,
): Promise<void> {
  if (hosts !== undefined) {
    const host = headers.get("host")!.toLowerCase().replace(/:\d*$/, "");
    if (!hosts.has(host)) {
      throw forbidden("it is called by a name that is not this machine's");
    }
  }
  if (headers.has("origin")) {
    throw forbidden("pages in a browser are not served");
  }
  await token?.check(headers.get("authorization"));
}

/** An answer, with a body that the client may see. */
interface Served {
  readonly response: Response;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Headers that the gateway adds. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/**
 * Which of several errors is reported: what the client did wrong or what took
 * too long comes before what followed from it.
 */
function reasonOf(
  error: unknown,
  body: RequestBody | undefined,
  signal: AbortSignal,
): unknown {
  if (error instanceof Refusal) return error;
  if (body?.failure instanceof Refusal) return body.failure;
  if (signal.reason instanceof Refusal) return signal.reason;
  return new Refusal(
    502,
    "davit gateway: the engine behind this gateway did not answer as it should",
  );
}

import { Engine } from "../../lib/engine/engine.ts";
import { forwardedHeaders, forwardRequest } from "../../lib/gateway/forward.ts";
import { ClientReader } from "../../lib/gateway/client_reader.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { RequestBody } from "../../lib/gateway/request_body.ts";
import type { RequestHead } from "../../lib/gateway/request_head.ts";
import type { Route } from "../../lib/gateway/routes.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { type Answering, RecordingEngine } from "./recording_engine.ts";

const VALUE = "a-value-of-some-build";
const signal = new AbortController().signal;

/** Forwards a request to an engine that answers so. */
async function forwarded(
  answer: Answering,
  route: Partial<Route>,
  {
    headers = {},
    body = "",
    known = new KnownValues(1000, false),
  }: {
    headers?: Record<string, string>;
    body?: string;
    known?: KnownValues;
  } = {},
) {
  const engine = new RecordingEngine(answer);
  const bytes = new TextEncoder().encode(body);
  const source = new ClientReader(new Response(bytes).body!);
  const requestBody = new RequestBody(source, bytes.length, DEFAULT_LIMITS);
  const head: RequestHead = {
    method: "POST",
    target: "/x",
    headers: new Map(Object.entries(headers)),
    length: bytes.length,
    expectsContinue: false,
    close: false,
  };
  const response = await forwardRequest(
    new Engine(engine, "1.51"),
    head,
    { path: "/x", query: [["a", "b"]] } as unknown as Parameters<
      typeof forwardRequest
    >[2],
    route as Route,
    requestBody,
    known,
    signal,
  );
  return {
    response,
    requests: engine.requests,
    complete: requestBody.complete,
  };
}

const ok: Answering = () => new Response("{}");

Deno.test("of a client's headers three are forwarded, those that are there", () => {
  const head = (headers: Record<string, string>) =>
    ({ headers: new Map(Object.entries(headers)) }) as unknown as RequestHead;
  assertEquals(forwardedHeaders(head({ cookie: "a", host: "b" })), {});
  const three = {
    accept: "a",
    "x-registry-auth": "b",
    "x-registry-config": "",
  };
  assertEquals(forwardedHeaders(head({ ...three, te: "c" })), three);
});

Deno.test("a body is forwarded where its route takes one, with its type in small letters", async () => {
  for (
    const [type, expected] of [
      [undefined, "application/octet-stream"],
      ["application/JSON; charset=utf-8", "application/json"],
      ["application/x-tar", "application/x-tar"],
      ["application/tar ", "application/tar"],
    ] as const
  ) {
    const { requests } = await forwarded(ok, { body: true }, {
      body: "{}",
      headers: type === undefined ? {} : { "content-type": type },
    });
    const [request] = requests;
    assertEquals(request!.headers.get("content-type"), expected);
    assertEquals(request!.body, new TextEncoder().encode("{}"));
    assertEquals([request!.method, request!.signal], ["POST", signal]);
  }
  for (const type of ["application/x-www-form-urlencoded", "text/plain", ""]) {
    const refused = await assertRejects(
      () =>
        forwarded(ok, { body: true }, {
          body: "a=b",
          headers: { "content-type": type },
        }),
      Refusal,
    );
    assertEquals(refused.status, 415);
  }
  // Where it takes none, it is read and not sent, whatever its type.
  const { requests, complete } = await forwarded(ok, {}, {
    body: "{}",
    headers: { "content-type": "text/plain" },
  });
  const [request] = requests;
  assertEquals([request!.body, complete], [undefined, true]);
  assertEquals(request!.headers.get("content-type"), null);
});

Deno.test("of what an engine tells of itself, what builds need is passed on", async () => {
  const info = {
    Architecture: "x86_64",
    Driver: "overlay2",
    DriverStatus: [],
    ExperimentalBuild: false,
    MemTotal: 1,
    NCPU: 2,
    OSType: "linux",
    OperatingSystem: "x",
    ServerVersion: "28",
  };
  const answer: Answering = () =>
    Response.json({ ...info, Name: "host", Containers: 3, Labels: [] }, {
      headers: { ostype: "linux" },
    });
  const { response } = await forwarded(answer, { handling: "info" });
  assertEquals(await response.json(), info);
  assertEquals(response.headers.get("ostype"), "linux");
  const { response: other } = await forwarded(answer, {});
  assertEquals((await other.json()).Name, "host");
  const { response: failed } = await forwarded(
    () => new Response("no", { status: 500 }),
    { handling: "info" },
  );
  assertEquals([failed.status, await failed.text()], [500, "no"]);
});

Deno.test("answers without a body stay without one, errors are masked, and others where their route says so", async () => {
  const known = new KnownValues(1000, false);
  using _build = await known.begin([new Secret(VALUE)], signal);
  const { response: none } = await forwarded(
    () => new Response(null, { status: 204 }),
    {},
    { known },
  );
  assertEquals([none.status, none.body], [204, null]);
  const { response: empty } = await forwarded(
    () => new Response(null, { status: 404 }),
    { answer: { fields: "text" } },
    { known },
  );
  assertEquals([empty.status, empty.body], [404, null]);
  const failing: Answering = () =>
    Response.json({ message: VALUE }, {
      status: 404,
      headers: { server: "d" },
    });
  const { response: failed } = await forwarded(failing, {}, { known });
  assertEquals([failed.status, await failed.json()], [404, {
    message: "***",
  }]);
  assertEquals(failed.headers.get("server"), "d");
  const says: Answering = () => new Response(VALUE);
  const { response: raw } = await forwarded(says, {}, { known });
  assertEquals(await raw.text(), VALUE);
  const document: Answering = () => Response.json(VALUE);
  const { response: masked } = await forwarded(
    document,
    { answer: { fields: "text" } },
    { known },
  );
  assertEquals(await masked.json(), "***");
});

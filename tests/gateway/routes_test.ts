import { GROUPS } from "../../lib/gateway/routes.ts";
import { BREAKOUTS } from "../../lib/gateway/build_rules.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { request, SECRET } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";
import { CLOSED, ROUTES } from "./routes.ts";

/** What a client sends with each request, whether there is a use for it or not. */
const SENT = [
  "Accept: application/json",
  "Authorization: Basic abc",
  "Connection: close, X-Hop",
  "Cookie: a=b",
  "X-BuildKit-Secrets: " + btoa(JSON.stringify({ id: SECRET })),
  "X-Hop: 1",
  "X-Registry-Auth: e30=",
  "X-Registry-Config: e30=",
];

/** What of it an engine gets. */
const PASSED = [
  ["accept", "application/json"],
  ["x-registry-auth", "e30="],
  ["x-registry-config", "e30="],
] as const;

const BODY = "the body of this request";

const send = (path: string, line: string, body?: string, type?: string) =>
  sendRaw(
    path,
    request(line, [
      ...SENT,
      ...body === undefined ? [] : [`Content-Length: ${body.length}`],
      ...type === undefined ? [] : [`Content-Type: ${type}`],
    ], body),
    60_000,
  );

for (const group of GROUPS) {
  Deno.test(`--allow ${group} opens its requests, and nothing else does`, async () => {
    const engine = new RecordingEngine();
    await using closed = await startGateway({ engine });
    await using others = await startGateway({
      engine,
      allow: GROUPS.filter((other) => other !== group),
      breakouts: BREAKOUTS,
    });
    await using open = await startGateway({ engine, allow: [group] });
    engine.requests.length = 0;
    let count = 0;
    for (const [of, line, forwarded, hasBody] of ROUTES) {
      if (of !== group) continue;
      count++;
      const body = hasBody === undefined ? undefined : BODY;
      for (const { path } of [closed, others]) {
        const { status, text } = await send(path, line, body);
        assertEquals([line, status], [line, 403]);
        assertStringIncludes(text, '{"message":"davit gateway: ');
        assertEquals(engine.requests, []);
      }
      const { status } = await send(open.path, line, body);
      assertEquals([line, status], [line, 200]);
      const [reached, ...more] = engine.requests.splice(0);
      assertEquals(more, []);
      assertEquals(`${reached!.method} ${reached!.path}`, forwarded);
      assertEquals([...reached!.headers], [
        ...PASSED.slice(0, 1),
        ...body === undefined
          ? []
          : [["content-type", "application/octet-stream"]],
        ...PASSED.slice(1),
      ]);
      assertEquals(
        reached!.body && new TextDecoder().decode(reached!.body),
        body,
      );
    }
    assertEquals(count > 0, true);
    assertEquals(engine.sessions, []);
  });
}

Deno.test("what belongs to no group stays closed where everything is open", async () => {
  const engine = new RecordingEngine();
  await using open = await startGateway({
    engine,
    allow: GROUPS,
    breakouts: BREAKOUTS,
  });
  engine.requests.length = 0;
  for (const line of CLOSED) {
    const { status } = await send(open.path, line);
    assertEquals([line, status], [line, 403]);
  }
  assertEquals(engine.requests, []);
});

Deno.test("a body is a tar or JSON; a form, of which the fields would be parameters, gets 415", async () => {
  const engine = new RecordingEngine();
  await using open = await startGateway({ engine, allow: GROUPS });
  engine.requests.length = 0;
  for (const [, line, , hasBody] of ROUTES) {
    if (hasBody === undefined) {
      const { status } = await send(open.path, line, BODY);
      assertEquals([line, status], [line, 400]);
      continue;
    }
    for (
      const type of [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=utf-8",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        ", application/json",
      ]
    ) {
      const { status, text } = await send(open.path, line, BODY, type);
      assertEquals([line, type, status], [line, type, 415]);
      assertStringIncludes(text, '{"message":"davit gateway: ');
    }
    assertEquals(engine.requests, []);
    for (
      const [given, forwarded] of [
        ["application/json; charset=utf-8", "application/json"],
        ["Application/X-Tar", "application/x-tar"],
        ["application/tar", "application/tar"],
        ["application/octet-stream", "application/octet-stream"],
      ] as const
    ) {
      const { status } = await send(open.path, line, BODY, given);
      const [reached] = engine.requests.splice(0);
      assertEquals(
        [line, status, reached?.headers.get("content-type")],
        [line, 200, forwarded],
      );
    }
  }
  assertEquals(engine.requests, []);
});

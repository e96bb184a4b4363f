import { GROUPS } from "../../lib/gateway/routes.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { build, request } from "./attacks.ts";
import { withoutBuildId } from "./forwarded.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

const CLOSE = "Connection: close";

/** Requests of well-known clients that no engine reads in full, and what goes on. */
const DECIDED: readonly (readonly [line: string, forwarded: string])[] = [
  ["HEAD /_ping?accept=application/json", "HEAD /_ping"],
  ["GET /v1.41/images/json?only_ids=0&all=1", "GET /v1.41/images/json?all=1"],
  [
    "POST /images/a/tag?repo=b&tag=c&force=0",
    "POST /images/a/tag?repo=b&tag=c",
  ],
];

/** The same of builds. */
const BUILDS: readonly (readonly [query: string, forwarded: string])[] = [
  ["dockerfile=a&dockerfile=b&t=c", "dockerfile=a&t=c"],
  ["cpusetmems=&isolation=default", "cpusetmems=&isolation=default"],
  [
    `buildargs=${encodeURIComponent('{"a":"1", "a":"2","b":null}')}`,
    `buildargs=${encodeURIComponent('{"a":"2","b":null}')}`,
  ],
  [
    `labels=${encodeURIComponent('{ "\\u0061": "é" }')}&buildargs=`,
    `labels=${encodeURIComponent('{"a":"é"}')}&buildargs=`,
  ],
];

/** Requests whose body no engine reads. */
const UNREAD = [
  "POST /images/a/push?tag=b",
  "POST /images/a/tag?repo=b",
  "POST /images/create?fromImage=a",
  "POST /images/prune",
  "DELETE /images/a",
];

function withBody(line: string, body: string): string {
  return request(line, [
    CLOSE,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ], body);
}

Deno.test("what engines do not read of a request does not reach them", async () => {
  const engine = new RecordingEngine();
  await using open = await startGateway({ engine, allow: GROUPS });
  engine.requests.length = 0;
  const check = async (text: string, forwarded: string) => {
    const { status } = await sendRaw(open.path, text, 60_000);
    assertEquals([forwarded, status], [forwarded, 200]);
    assertEquals(
      engine.requests.splice(0).map(({ method, path, body }) => [
        `${method} ${withoutBuildId(path)}`,
        body,
      ]),
      [[forwarded, undefined]],
    );
  };
  for (const [line, forwarded] of DECIDED) {
    await check(request(line, [CLOSE]), forwarded);
  }
  for (const [query, forwarded] of BUILDS) {
    await check(build(query, CLOSE), `POST /build?${forwarded}`);
  }
  for (const line of UNREAD) {
    for (const body of ["{}", "null", ' {"tag":"b"}\n', "null\n", " \r\n"]) {
      await check(withBody(line, body), line);
    }
    const empty = request(line, [CLOSE, "Transfer-Encoding: chunked"]);
    await check(`${empty}0\r\n\r\n`, line);
  }
});

Deno.test("a body that was meant to be read is refused, and not dropped", async () => {
  const engine = new RecordingEngine();
  await using open = await startGateway({ engine, allow: GROUPS });
  engine.requests.length = 0;
  const line = "POST /images/a/push?tag=b";
  for (
    const [body, status, words] of [
      ['{"Username":"a","password":"b"}', 400, "X-Registry-Auth"],
      ['{"identitytoken":"a"}', 400, "X-Registry-Auth"],
      ["[]", 400, "no JSON object"],
      ["no JSON", 400, "no JSON"],
      [JSON.stringify({ a: "b".repeat(65_529) }), 413, "large body"],
      [`[${" ".repeat(65_534)}]`, 400, "no JSON object"],
    ] as const
  ) {
    const answer = await sendRaw(open.path, withBody(line, body), 60_000);
    assertEquals([body.slice(0, 50), answer.status], [
      body.slice(0, 50),
      status,
    ]);
    assertStringIncludes(answer.text, words);
  }
  for (const name of ["buildargs", "labels", "cachefrom"]) {
    const answer = await sendRaw(open.path, build(`${name}={`, CLOSE));
    assertEquals(answer.status, 400);
    assertStringIncludes(answer.text, `${name} is not JSON`);
  }
  assertEquals(engine.requests, []);
});

Deno.test("a 403 says what to do", async () => {
  await using served = await startGateway({ engine: new RecordingEngine() });
  for (
    const [text, words] of [
      [request("POST /session", [CLOSE]), "leaves the version out"],
      [request("POST /grpc", [CLOSE]), "davit build takes the same flags"],
      [
        request("POST /v1.51/grpc", [CLOSE]),
        "davit build takes the same flags",
      ],
      [
        request("GET /containers/buildx_buildkit_default/json", [CLOSE]),
        "davit build takes the same flags",
      ],
      [request("POST /images/a/push", [CLOSE]), "--allow push opens it"],
      [
        request("POST /images/create?fromImage=a", [CLOSE]),
        "--allow pull opens it",
      ],
      [request("GET /images/json", [CLOSE]), "--allow images opens it"],
      [request("POST /containers/create", [CLOSE]), "a gateway for builds"],
      [build("networkmode=host", CLOSE), "--allow-host-network opens it"],
      [build("isolation=hyperv", CLOSE), "leave it out"],
      [build("t=a&target=b&target=c", CLOSE), "send it once"],
      [build("something=a", CLOSE), "check its spelling, or leave it out"],
    ] as const
  ) {
    const answer = await sendRaw(served.path, text, 60_000);
    assertEquals(answer.status, 403);
    assertStringIncludes(answer.text, words);
  }
});

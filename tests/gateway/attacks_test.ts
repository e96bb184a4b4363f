import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { withoutBuildId } from "./forwarded.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

import { ATTACKS, build, request } from "./attacks.ts";
Deno.test(`the gateway refuses ${ATTACKS.length} attacks, and the engine hears of none, or of one that is cut off`, async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({ engine });
  engine.requests.length = 0;
  const wrong: string[] = [];
  for (const [name, status, bytes, begins = false] of ATTACKS) {
    const answer = await sendRaw(
      served.path,
      Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
    );
    if (answer.status !== status) {
      wrong.push(
        `${name}: ${answer.status} instead of ${status}: ${
          answer.text.slice(0, 300)
        }`,
      );
    }
    assert(/"message":"davit gateway: [^"]+"/.test(answer.text), name);
    assertFalse(answer.text.includes("s3cr3t"), name);
    const reached = engine.requests.map(({ complete }) => complete);
    if (JSON.stringify(reached) !== (begins ? "[false]" : "[]")) {
      wrong.push(`${name}: it reached the engine: ${JSON.stringify(reached)}`);
    }
    engine.requests.length = 0;
  }
  assertEquals(wrong, []);
  assertEquals(engine.sessions, []);
});

Deno.test("the gateway's table of attacks in the docs is the one that was tried", async () => {
  const page = await Deno.readTextFile(
    new URL("../../examples/gateway/README.md", import.meta.url),
  );
  const rows = page.split("\n").flatMap((line) => {
    const row = /^\| (.+?) +\| (\d{3}(?:, cut off)?) +\|$/.exec(line);
    return row === null ? [] : [`${row[1]} ${row[2]}`];
  });
  assertEquals(
    rows,
    ATTACKS.map(([name, status, , begins]) =>
      `${name.replaceAll("|", "\\|")} ${status}${begins ? ", cut off" : ""}`
    ),
  );
});

Deno.test("the gateway forwards what is allowed in one form", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({
    engine,
    allow: ["images", "push"],
    breakouts: ["host-network"],
  });
  engine.requests.length = 0;
  const rows: readonly (readonly [string, string])[] = [
    [request("GET /_ping"), "GET /_ping"],
    [request("HEAD /v1.41/_ping"), "HEAD /v1.41/_ping"],
    [request("GET http://localhost/version"), "GET /version"],
    [request("GET /images/a%2Fb:1/json"), "GET /images/a/b:1/json"],
    [
      request("GET /v1.44/images/localhost:5000/a/b:1/history"),
      "GET /v1.44/images/localhost:5000/a/b:1/history",
    ],
    [
      request("DELETE /images/a@sha256:1?force=true"),
      "DELETE /images/a@sha256:1?force=true",
    ],
    [request("POST /images/a/push?tag=1"), "POST /images/a/push?tag=1"],
    [
      request("POST /build?networkmode=host&t=a&t=b+c", ["Content-Length: 0"]),
      "POST /build?networkmode=host&t=a&t=b+c",
    ],
    [
      build(`outputs=${encodeURIComponent('[{"type":"moby"}]')}`),
      `POST /build?outputs=${
        new URLSearchParams({ a: '[{"Type":"moby","Attrs":{}}]' }).toString()
          .slice(2)
      }`,
    ],
  ];
  for (const [bytes, expected] of rows) {
    const answer = await sendRaw(
      served.path,
      bytes.replace("\r\n", "\r\nConnection: close\r\n"),
    );
    assertEquals(answer.status, 200, answer.text);
    assertEquals(
      engine.requests.map(({ method, path }) =>
        `${method} ${withoutBuildId(path)}`
      ),
      [expected],
    );
    engine.requests.length = 0;
  }
  // A form would count as parameters; a hop's own headers stay where they are.
  await sendRaw(
    served.path,
    request("POST /build?version=2", [
      "Content-Type: application/x-www-form-urlencoded",
      "Connection: X-Hop, close",
      "X-Hop: 1",
      "Authorization: Basic abc",
      "X-Registry-Config: e30=",
      "Content-Length: 16",
    ], "networkmode=host"),
  );
  const { headers, body } = engine.requests.at(-1)!;
  assertEquals([...headers], [["content-type", "application/x-tar"], [
    "x-registry-config",
    "e30=",
  ]]);
  assertEquals(new TextDecoder().decode(body), "networkmode=host");
  // Two on one connection.
  engine.requests.length = 0;
  const two = await sendRaw(
    served.path,
    request(
      "POST /build",
      ["Transfer-Encoding: chunked"],
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    ) + request("GET /version", ["Connection: close"]),
  );
  assertEquals(two.text.split("HTTP/1.1 200").length, 3);
  assertEquals(
    engine.requests.map(({ body }) => body && new TextDecoder().decode(body)),
    ["abcde", undefined],
  );
});

import { maskedAnswer } from "../../lib/gateway/masked_answer.ts";
import { IMAGE_FIELDS } from "../../lib/masks/answer_fields.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import type { Recorded } from "./recording_engine.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { build, request } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { buildAnswer, RecordingEngine } from "./recording_engine.ts";

const VALUE = "value-of-client-a";
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** What the engine answers, by the beginning of the request. */
const ANSWERS: Readonly<
  Record<string, readonly [status: number, body: string]>
> = {
  "GET /images/a/json": [
    200,
    JSON.stringify({
      Id: VALUE,
      Config: { Env: [`A=${VALUE}`], New: VALUE },
      [VALUE]: 1,
    }),
  ],
  "GET /images/a/history": [200, JSON.stringify([{ CreatedBy: VALUE }])],
  "GET /images/json": [200, JSON.stringify([{ Labels: { a: VALUE } }])],
  "GET /images/b/json": [404, JSON.stringify({ message: `no ${VALUE}` })],
  "GET /images/c/json": [500, `<html>${VALUE}</html>`],
  "GET /images/d/json": [200, "{"],
  "GET /images/e/json": [200, JSON.stringify([VALUE])],
  "POST /images/a/push": [
    200,
    [
      { status: `The push refers to ${VALUE}` },
      { id: VALUE, status: "Pushing", progressDetail: { current: 1 } },
      { status: `${DIGEST} ${VALUE}`, aux: { Digest: DIGEST, Tag: VALUE } },
      { error: VALUE, errorDetail: { message: VALUE } },
    ].map((line) => JSON.stringify(line)).join("\r\n"),
  ],
  "GET /images/get": [200, VALUE],
  "POST /images/create": [200, JSON.stringify({ status: VALUE })],
  "POST /images/load": [200, JSON.stringify({ stream: `Loaded ${DIGEST}` })],
};

Deno.test("every answer in which clients' text can be is masked with what the running builds have", async () => {
  let building: ReturnType<typeof buildAnswer> | undefined;
  const began = Promise.withResolvers<void>();
  const engine = new RecordingEngine((recorded: Recorded) => {
    if (recorded.path.startsWith("/build?")) {
      building = buildAnswer(recorded);
      began.resolve();
      return building.response;
    }
    const key = Object.keys(ANSWERS).find((line) =>
      `${recorded.method} ${recorded.path}`.startsWith(line)
    );
    const [status, body] = ANSWERS[key ?? ""] ??
      [200, '{"stream":"ok"}'];
    return new Response(body, { status });
  }, true);
  await using served = await startGateway({
    engine,
    allow: ["images", "push", "pull", "load", "save"],
  });
  const ask = async (line: string, ...headers: string[]) => {
    const { status, text } = await sendRaw(
      served.path,
      request(line, ["Connection: close", ...headers]),
    );
    const body = text.slice(text.indexOf("\r\n\r\n") + 4)
      .replaceAll(/(^|\r\n)[0-9a-f]+\r\n/g, "$1").replace(/\r\n0\r\n\r\n$/, "");
    return [status, body.trim()] as const;
  };
  // Before, all of it passes.
  assertStringIncludes((await ask("GET /images/a/json"))[1], `A=${VALUE}`);
  const header = btoa(JSON.stringify({ t: VALUE }));
  const running = sendRaw(
    served.path,
    build("version=2", `X-BuildKit-Secrets: ${header}`, "Connection: close"),
    60_000,
  );
  await began.promise;
  try {
    const [, inspected] = await ask("GET /images/a/json");
    assertEquals(JSON.parse(inspected), {
      Id: VALUE,
      Config: { Env: ["A=***"] },
    });
    assertEquals(
      (await ask("GET /images/a/history"))[1],
      '[{"CreatedBy":"***"}]',
    );
    assertEquals(
      (await ask("GET /images/json"))[1],
      '[{"Labels":{"a":"***"}}]',
    );
    assertEquals(await ask("GET /images/b/json"), [
      404,
      '{"message":"no ***"}',
    ]);
    assertEquals(await ask("GET /images/c/json"), [500, "<html>***</html>"]);
    assertEquals((await ask("GET /images/d/json"))[0], 502);
    assertEquals(await ask("GET /images/e/json"), [200, "null"]);
    const [, pushed] = await ask("POST /images/a/push", "Content-Length: 0");
    assertEquals(
      pushed.split(/[\r\n]+/).filter((line) => line.startsWith("{")).map((
        line,
      ) => JSON.parse(line)),
      [
        { status: "The push refers to ***" },
        { id: VALUE, status: "Pushing", progressDetail: { current: 1 } },
        { status: `${DIGEST} ***`, aux: { Digest: DIGEST, Tag: VALUE } },
        { error: "***", errorDetail: { message: "***" } },
      ],
    );
    const [, pulled] = await ask(
      "POST /images/create?fromImage=a",
      "Content-Length: 0",
    );
    assertStringIncludes(pulled, '{"status":"***"}');
    const [, loaded] = await ask("POST /images/load", "Content-Length: 0");
    assertStringIncludes(loaded, DIGEST);
    // An image as a whole is what it is: its bytes have digests.
    assertStringIncludes((await ask("GET /images/get?names=a"))[1], VALUE);
  } finally {
    building!.write(`${JSON.stringify({ stream: `${VALUE}\n` })}\r\n`);
    building!.end();
  }
  assert(!(await running).text.includes(VALUE));
});

Deno.test("the error of a build that the engine refuses keeps its key", async () => {
  const value = 'message":"something';
  const engine = new RecordingEngine(
    () => new Response(`{"message":"something ${VALUE}"}\n`, { status: 400 }),
    true,
  );
  await using served = await startGateway({ engine });
  const header = btoa(JSON.stringify({ t: VALUE, u: value }));
  const { status, text } = await sendRaw(
    served.path,
    build("version=2", `X-BuildKit-Secrets: ${header}`, "Connection: close"),
  );
  assertEquals(status, 400);
  assertStringIncludes(text, '{"message":"something ***"}');
});

Deno.test("a build's answer is whole, with what looked like the beginning of a secret, and without its logins", async () => {
  const password = "password-of-client-a";
  const lines = [
    { stream: `logged in with ${password}\n` },
    { stream: `and then ${VALUE.slice(0, 12)}` },
  ];
  const engine = new RecordingEngine(
    () => new Response(lines.map((line) => JSON.stringify(line)).join("\r\n")),
    true,
  );
  await using open = await startGateway({ engine });
  const json = (value: unknown) => btoa(JSON.stringify(value));
  const logins = json({ "a.io": { username: "u", password } });
  const secrets = json({ token: VALUE });
  for (
    const headers of [
      [`X-Registry-Config: ${logins}`],
      [`X-Registry-Config: ${logins}`, `X-BuildKit-Secrets: ${secrets}`],
    ]
  ) {
    const { status, text } = await sendRaw(
      open.path,
      build("version=2", "Connection: close", ...headers),
      60_000,
    );
    assertEquals(status, 200);
    assertEquals(text.includes(password), false, text);
    assertStringIncludes(text, "logged in with ***");
    const streams = [...text.matchAll(/"stream":"([^"]*)"/g)].map((m) => m[1]);
    assertEquals(
      streams.join(""),
      `logged in with ***\\nand then ${VALUE.slice(0, 12)}`,
    );
  }
});

Deno.test("others get their turn while a long answer is masked", async () => {
  const mask = createRedactor([new TextEncoder().encode(VALUE)]);
  const labels = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `k${i}`,
      `${i}${"%61%62".repeat(5000)}${VALUE}`,
    ]),
  );
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  try {
    const masked = await maskedAnswer(
      new Response(JSON.stringify({ Config: { Labels: labels } })).body!,
      { fields: IMAGE_FIELDS },
      mask,
      new AbortController().signal,
    );
    assert(turns >= 10, `${turns} turns`);
    const answer = await new Response(
      masked as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).json();
    assertEquals(
      Object.values(answer.Config.Labels),
      Object.values(labels).map((label) => label.replace(VALUE, "***")),
    );
  } finally {
    clearInterval(timer);
  }
});

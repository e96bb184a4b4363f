import { assertEquals, assertFalse } from "../support/assert.ts";
import { build, request } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { type Answering, RecordingEngine } from "./recording_engine.ts";

const PASSWORD = "pass-word-of-my-login";
const SECRET = "a-secret-of-a-build";
const CLOSE = "Connection: close";
const SECRETS = `X-BuildKit-Secrets: ${btoa(JSON.stringify({ id: SECRET }))}`;
const LOGINS = `X-Registry-Config: ${
  btoa(JSON.stringify({ "a.example": { username: "me", password: PASSWORD } }))
}`;

async function ask(
  answering: Answering,
  bytes: string,
  hasSessions = true,
): Promise<{ status: number; head: string; body: string }> {
  const engine = new RecordingEngine(answering, hasSessions);
  await using served = await startGateway({ engine });
  const { status, text } = await sendRaw(served.path, bytes, 60_000);
  const cut = text.indexOf("\r\n\r\n");
  return { status, head: text.slice(0, cut), body: text.slice(cut + 4) };
}

Deno.test("answers to a build hold neither its secrets nor the passwords of its logins, whatever their status", async () => {
  const words = `${SECRET} ${btoa(PASSWORD)} ${PASSWORD}`;
  for (const status of [200, 400, 500]) {
    const { body } = await ask(
      () => Response.json({ message: words }, { status }),
      build("version=2", SECRETS, LOGINS, CLOSE),
    );
    assertEquals(JSON.parse(/\{.*\}/.exec(body)![0]).message, "*** *** ***");
    for (const word of words.split(" ")) assertFalse(body.includes(word));
  }
});

Deno.test("of an engine's headers only those go on that builds have a use for", async () => {
  const { head } = await ask(
    () =>
      new Response("{}", {
        headers: {
          "api-version": "1.51",
          "set-cookie": "a=b",
          "x-secret": "c",
          "content-type": "application/json",
        },
      }),
    request("GET /version", [CLOSE]),
  );
  assertEquals(head.split("\r\n"), [
    "HTTP/1.1 200 OK",
    "api-version: 1.51",
    "content-type: application/json",
    "Transfer-Encoding: chunked",
    "Connection: close",
  ]);
});

Deno.test("an answer to HEAD has no body", async () => {
  const { status, body } = await ask(
    () => new Response("not for HEAD"),
    request("HEAD /v1.41/_ping", [CLOSE]),
  );
  assertEquals([status, body], [200, ""]);
});

Deno.test("a build with secrets does not run where the engine has no sessions", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({
    engine: { fetch: engine.fetch.bind(engine), close() {} },
  });
  engine.requests.length = 0;
  const answer = await sendRaw(served.path, build("version=2", SECRETS));
  assertEquals(answer.status, 422);
  assertEquals(engine.requests, []);
  // Logins alone go on as they are, in their header.
  const logins = await sendRaw(served.path, build("version=2", LOGINS, CLOSE));
  assertEquals(logins.status, 200);
  assertEquals(
    engine.requests[0]!.headers.get("x-registry-config"),
    LOGINS.slice(19),
  );
});

import { Engine } from "../../lib/engine/engine.ts";
import { forwardBuild, readSecrets } from "../../lib/gateway/build_forward.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import type { RequestHead } from "../../lib/gateway/request_head.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import { StepKeys } from "../../lib/gateway/step_keys.ts";
import type { Target } from "../../lib/gateway/target.ts";
import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { until } from "../support/until.ts";
import { type Answering, RecordingEngine } from "./recording_engine.ts";

const { signal } = new AbortController();
const TOKEN = "0d7f2b6c-6f0e-4a57-9c65-6f3f4b1d2a10";
const REPORT = { "x-davit-secrets": `report=${TOKEN}` };
const headOf = (headers: Readonly<Record<string, string>>) =>
  ({ headers: new Map(Object.entries(headers)) }) as unknown as RequestHead;
const targetOf = (...query: [string, string][]): Target => ({
  version: "",
  path: "/build",
  query,
});
const login = (password: string) => ({
  "x-registry-config": btoa(JSON.stringify({
    "r.example": { username: "the-user", password },
  })),
});

/** What a build is given, and how its engine answers. */
interface Given {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: [string, string][];
  readonly secrets?: [id: string, secret: Secret][] | undefined;
  readonly steps?: StepKeys;
  readonly answer?: Answering;
}

/** Forwards a build to its end. */
async function forward(
  { headers = {}, query = [], secrets, steps, answer }: Given,
) {
  const recording = new RecordingEngine(answer, true);
  const engine = new Engine(recording, "1.51");
  const build = new RunningBuilds(engine, 1).begin(true, "");
  try {
    const forwarded = await forwardBuild(
      headOf(headers),
      targetOf(...query),
      secrets,
      null,
      {
        engine,
        build,
        known: new KnownValues(100_000, steps === undefined),
        steps,
        limits: DEFAULT_LIMITS,
        signal,
      },
    );
    const text = forwarded.body === null
      ? null
      : await new Response(forwarded.body as BodyInit).text();
    const posted = recording.requests.find(({ path }) =>
      path.includes("/build?")
    )!;
    return {
      text,
      recording,
      status: forwarded.response.status,
      told: forwarded.headers,
      posted,
      query: [...new URL(posted.path, "a://b").searchParams].map(([name]) =>
        name
      ),
    };
  } finally {
    await build.leave();
    await build.ended;
    await until(
      () => recording.endedSessions === recording.sessionIds.length,
      "its session has ended",
    );
  }
}

Deno.test("a build has a session where there is something to ask for in it, and it ends with the build", async () => {
  const secrets: Given["secrets"] = [["id", new Secret("a-secret-value")]];
  for (
    const [given, opened] of [
      [{}, 0],
      [{ secrets }, 1],
      [{ secrets: [] }, 1],
      [{ headers: login("a-password"), query: [["version", "2"]] }, 1],
      [{ headers: REPORT }, 1],
    ] as const
  ) {
    const { recording, query, posted } = await forward(given as Given);
    assertEquals(recording.sessionIds.length, opened);
    assertEquals(query, [
      ...(opened === 1 ? ["version", "session"] : []),
      "buildid",
    ]);
    assertEquals(posted.headers.has("x-registry-config"), false);
  }
  // Without a session the version goes on as it is, and the logins do.
  const { recording, posted } = await forward({
    headers: login("a-password"),
    query: [["version", "1"], ["t", "a"]],
  });
  assertEquals(recording.sessionIds, []);
  assertMatch(posted.path, /^\/build\?version=1&t=a&buildid=[\w-]+$/);
  assert(posted.headers.has("x-registry-config"));
});

Deno.test("builds with secrets get a key for their steps, which the answer does not tell", async () => {
  const steps = await StepKeys.create();
  let host = "";
  const answer: Answering = ({ path }) => {
    host = new URL(path, "a://b").searchParams.get("extrahosts") ?? "";
    return Response.json({ stream: `in /etc/hosts: ${host.split(".")[0]}.` });
  };
  const secrets: Given["secrets"] = [["id", new Secret("a-secret-value")]];
  const { text } = await forward({ secrets, steps, answer });
  assertMatch(host, /^[0-9a-f]{32}\.davit-gateway\.invalid:0\.0\.0\.0$/);
  assertEquals(JSON.parse(text!), { stream: "in /etc/hosts: ***." });
  for (const given of [{ secrets: [] }, {}] satisfies Given[]) {
    await forward({ ...given, steps, answer });
    assertEquals(host, "");
  }
  await forward({ secrets, answer });
  assertEquals(host, "", "where steps are shared");
});

Deno.test("a secret of ordinary words is refused, unless it may be seen: then it is not masked", async () => {
  const answer: Answering = ({ path }) =>
    path.includes("/build?")
      ? Response.json({ stream: "an error, a-visible-value, a-secret-value." })
      : new Response(null);
  const secret = (value: string, visible = false): Given["secrets"] => [
    ["id", new Secret(value, { visible })],
  ];
  const refused = await assertRejects(
    () => forward({ secrets: secret("error"), answer }),
    Refusal,
    "words that stand in every build's log",
  );
  assertEquals(refused.status, 400);
  for (
    const [given, expected] of [
      [
        { secrets: secret("error", true) },
        "an error, a-visible-value, a-secret-value.",
      ],
      [
        { secrets: secret("a-visible-value", true) },
        "an error, a-visible-value, a-secret-value.",
      ],
      [
        { secrets: secret("a-secret-value") },
        "an error, a-visible-value, ***.",
      ],
      // No step is given a login.
      [
        { headers: login("error"), query: [["version", "2"]] },
        "an error, a-visible-value, a-secret-value.",
      ],
      [
        { headers: login("a-secret-value"), query: [["version", "2"]] },
        "an error, a-visible-value, ***.",
      ],
    ] satisfies [Given, string][]
  ) {
    const { text } = await forward({ ...given, answer });
    assertEquals(JSON.parse(text!).stream, expected);
  }
});

Deno.test("a build that would store its secret is refused, one secret as many, and one that may be seen is not", async () => {
  const query: Given["query"] = [["labels", '{"a":"a-secret-value"}']];
  const one: Given["secrets"] = [["id", new Secret("a-secret-value")]];
  for (
    const given of [
      { secrets: one },
      { secrets: [...one, ["b", new Secret("another-value")]] },
      { secrets: one, steps: await StepKeys.create() },
    ] satisfies Given[]
  ) {
    const refused = await assertRejects(
      () => forward({ ...given, query }),
      Refusal,
      "the parameter labels holds the value of a secret",
    );
    assertEquals(refused.status, 400);
  }
  const visible = new Secret("a-secret-value", { visible: true });
  assertEquals(
    (await forward({ secrets: [["id", visible]], query })).status,
    200,
  );
});

Deno.test("a client that wants reports is told so with the answer to a build that begins, and with no other", async () => {
  const told = [["X-Davit-Secrets", "reported"]];
  for (
    const [status, body, expected] of [
      [200, '{"stream":"a"}', told],
      [201, '{"stream":"a"}', []],
      [400, '{"message":"a"}', []],
      [200, null, told],
    ] as const
  ) {
    const answer = () => new Response(body, { status });
    const given = await forward({ headers: REPORT, answer });
    assertEquals([given.status, given.told], [status, expected] as unknown);
    assertEquals(given.text === null, body === null);
    assertEquals((await forward({ answer })).told, []);
  }
});

Deno.test("an answer's messages are written anew, and what is no build's answer is one text", async () => {
  const lines = '{"stream":"a"}\n{"stream":"b"}\n';
  for (
    const [status, expected] of [
      [200, '{"stream":"a"}\r\n{"stream":"b"}\r\n'],
      [201, lines],
      [500, lines],
    ] as const
  ) {
    const answer = () => new Response(lines, { status });
    assertEquals((await forward({ answer })).text, expected);
  }
});

Deno.test("a secrets header that is too long is told apart from one that can't be read", () => {
  const read = (header: string) =>
    assertThrows(
      () => readSecrets(headOf({ "x-buildkit-secrets": header }), targetOf()),
      Refusal,
    ).status;
  assertEquals(read("%"), 400);
  const value = new Secret("a".repeat(3_000_000));
  assertEquals(read(encodeSecretsHeader([["id", value]])), 431);
});

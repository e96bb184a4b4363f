import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { LOGIN, LOGIN_BASE64 } from "../support/registry.ts";
import { startTokenServer } from "../registry/token_server.ts";
import { CredentialError } from "../../lib/credentials/credential_error.ts";
import { Login } from "../../lib/credentials/login.ts";
import { fetchToken } from "../../lib/credentials/token.ts";

const BASIC = new Login("a.io", LOGIN, "it");
const IDENTITY = new Login("a.io", { identitytoken: "an-identity" }, "it");
/** The token server of a registry, as the registry names it. */
const at = (realm: string, service = "the service") => ({
  server: { realm: new URL(realm), service },
});
const REQUEST = {
  scopes: ["repository:a:pull", "repository:b:pull,push"],
  clientId: "test",
  signal: new AbortController().signal,
};

Deno.test("fetchToken() trades a password and an identity token, each in its way", async () => {
  await using server = await startTokenServer({
    basic: LOGIN_BASE64,
    refreshToken: "an-identity",
  });
  const basic = await fetchToken(BASIC, {
    ...REQUEST,
    ...at(`${server.realm}?kept=1`),
  });
  assertEquals([basic.expiresIn, basic.issuedAt], [60, 0]);
  const identity = await fetchToken(IDENTITY, {
    ...REQUEST,
    ...at(server.realm),
  });
  assertEquals(identity.expiresIn, 300);
  assert(basic.token !== "" && identity.token !== "");
  assertEquals(server.questions, [{
    method: "GET",
    path:
      "/token?kept=1&service=the+service&scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull%2Cpush",
    authorization: `Basic ${LOGIN_BASE64}`,
    body: "",
    status: 200,
  }, {
    method: "POST",
    path: "/token",
    authorization: undefined,
    body:
      "grant_type=refresh_token&refresh_token=an-identity&client_id=test&service=the+service&scope=repository%3Aa%3Apull+repository%3Ab%3Apull%2Cpush",
    status: 200,
  }]);
});

Deno.test("fetchToken() sends no login on to where a redirect leads", async () => {
  await using other = await startTokenServer({ basic: LOGIN_BASE64 });
  for (const login of [BASIC, IDENTITY]) {
    await using server = await startTokenServer({ redirect: other.realm });
    await assertRejects(
      () => fetchToken(login, { ...REQUEST, ...at(server.realm) }),
      CredentialError,
      "answered with status 307",
    );
  }
  assertEquals(other.questions, []);
});

Deno.test("fetchToken() says what was wrong, without the login or the answer", async () => {
  for (
    const [logins, words] of [
      [{}, "refused the login (status 401)"],
      [{ basic: LOGIN_BASE64, answer: "hunter2hunter2" }, "without one"],
      [{ basic: LOGIN_BASE64, answer: '{"token":["hunter2"]}' }, "without one"],
      [{ basic: LOGIN_BASE64, answer: "null" }, "without one"],
      [
        { basic: LOGIN_BASE64, answer: "x".repeat(2_000_000) },
        "could not be asked",
      ],
    ] as const
  ) {
    await using server = await startTokenServer(logins);
    const error = await assertRejects(
      () => fetchToken(BASIC, { ...REQUEST, ...at(server.realm) }),
      CredentialError,
      words,
    );
    assertStringIncludes(error.message, new URL(server.realm).host);
    for (const secret of [LOGIN.password, LOGIN_BASE64, "hunter2"]) {
      assert(!Deno.inspect(error).includes(secret));
    }
  }
});

Deno.test("fetchToken() gives up with its signal", async () => {
  await using server = await startTokenServer({ basic: LOGIN_BASE64 });
  const signal = AbortSignal.abort(new Error("over"));
  await assertRejects(
    () => fetchToken(BASIC, { ...REQUEST, ...at(server.realm), signal }),
    Error,
    "over",
  );
});

Deno.test("fetchToken() tries an identity token in the other way where a server knows no POST", async () => {
  for (
    const [post, works] of [[401, true], [404, true], [400, false]] as const
  ) {
    const seen: string[] = [];
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        seen.push(
          `${request.method} ${request.headers.get("authorization")}`,
        );
        return request.method === "POST"
          ? new Response("no", { status: post })
          : Response.json({ token: "by-get" });
      },
    );
    const fetching = fetchToken(IDENTITY, {
      ...REQUEST,
      ...at(`http://127.0.0.1:${server.addr.port}/token`),
    });
    if (works) assertEquals((await fetching).token, "by-get");
    else await assertRejects(() => fetching, CredentialError, `status ${post}`);
    assertEquals(seen, [
      "POST null",
      ...works ? [`GET Basic ${btoa(":an-identity")}`] : [],
    ]);
  }
});

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import type { AuthConfig } from "../../lib/credentials/auth_config.ts";
import { CredentialStore } from "../../lib/credentials/store.ts";
import {
  CredentialsRequestSchema,
  CredentialsResponseSchema,
  FetchTokenRequestSchema,
  FetchTokenResponseSchema,
  GetTokenAuthorityRequestSchema,
} from "../../lib/proto/gen/auth_pb.ts";
import { authService } from "../../lib/session/auth.ts";
import { type EnginePeer, withEnginePeer } from "./engine_peer.ts";

const AUTH = "/moby.filesync.v1.Auth";
const LOGIN = { username: "u", password: "correct-horse" };

/** A token server of this machine that writes down who came with what. */
function startTokens(): AsyncDisposable & { url: string; seen: string[] } {
  const seen: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      seen.push(request.headers.get("authorization") ?? "nobody");
      return Response.json({ token: "made-token" });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/token`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Asks for an authority, then for a token, whatever came of the first. */
async function askForToken(
  engine: EnginePeer,
  realm: string,
): Promise<{ statuses: string[]; token: string }> {
  const authority = await engine.ask(
    `${AUTH}/GetTokenAuthority`,
    toBinary(
      GetTokenAuthorityRequestSchema,
      create(GetTokenAuthorityRequestSchema, { Host: "r.example" }),
    ),
  );
  const { status, body } = await engine.ask(
    `${AUTH}/FetchToken`,
    toBinary(
      FetchTokenRequestSchema,
      create(FetchTokenRequestSchema, {
        Host: "r.example",
        Realm: realm,
        Service: "s",
        Scopes: ["repository:app:pull"],
      }),
    ),
  );
  return {
    statuses: [authority.status, status],
    token: fromBinary(FetchTokenResponseSchema, body).Token,
  };
}

const [OK, UNIMPLEMENTED] = ["0", "12"];

for (
  const [name, tokens, login, statuses, token] of [
    ["a login goes to no realm", "engine", LOGIN, [
      UNIMPLEMENTED,
      UNIMPLEMENTED,
    ], ""],
    [
      "an identity token goes to no realm",
      undefined,
      {
        identitytoken: "identity",
      },
      [UNIMPLEMENTED, UNIMPLEMENTED],
      "",
    ],
    ["there is no login", "engine", undefined, [
      UNIMPLEMENTED,
      UNIMPLEMENTED,
    ], ""],
    ["there is no login, and tokens are the client's", "client", undefined, [
      UNIMPLEMENTED,
      UNIMPLEMENTED,
    ], ""],
    [
      "the caller's own token is given as it is",
      "engine",
      {
        registrytoken: "own-token",
      },
      [OK, OK],
      "own-token",
    ],
    ["tokens are the client's", "client", LOGIN, [OK, OK], "made-token"],
  ] as [
    string,
    "engine" | "client" | undefined,
    AuthConfig | undefined,
    string[],
    string,
  ][]
) {
  Deno.test(`authService answers an engine that asks for a token: ${name}`, async () => {
    await using server = startTokens();
    const store = new CredentialStore({
      credentials: login === undefined ? {} : { "r.example": login },
    });
    const failures: Error[] = [];
    const methods = authService(store, {
      tokens,
      onError: (error) => failures.push(error),
    });
    const errors = await withEnginePeer(methods, async (engine) => {
      assertEquals(await askForToken(engine, server.url), { statuses, token });
      const credentials = await engine.ask(
        `${AUTH}/Credentials`,
        toBinary(
          CredentialsRequestSchema,
          create(CredentialsRequestSchema, { Host: "other.example" }),
        ),
      );
      const { Username, Secret } = fromBinary(
        CredentialsResponseSchema,
        credentials.body,
      );
      assertEquals([credentials.status, Username, Secret], [OK, "", ""]);
    });
    assertEquals([errors, failures], [[], []]);
    // The engine names the realm: only who asked for that has us go there.
    assertEquals(server.seen.length, token === "made-token" ? 1 : 0);
  });
}

Deno.test("authService tells the engine little of a login that can't be had, and the caller all", async () => {
  const store = new CredentialStore({
    credentials: () => {
      throw new Error("the vault is sealed");
    },
  });
  const failures: Error[] = [];
  const methods = authService(store, { onError: (e) => failures.push(e) });
  await withEnginePeer(methods, async (engine) => {
    const { status, message } = await engine.ask(
      `${AUTH}/Credentials`,
      toBinary(
        CredentialsRequestSchema,
        create(CredentialsRequestSchema, { Host: "r.example" }),
      ),
    );
    assertEquals(status, "13");
    assert(!message.includes("sealed"), message);
  });
  assertStringIncludes(String(failures[0]!.cause), "sealed");
});

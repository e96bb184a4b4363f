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
  GetTokenAuthorityResponseSchema,
} from "../proto/gen/auth_pb.ts";
import { authService } from "../../lib/session/auth.ts";
import { type EnginePeer, withEnginePeer } from "./engine_peer.ts";

const AUTH = "/moby.filesync.v1.Auth";
const LOGIN = { username: "u", password: "correct-horse" };

/** A token server of this machine that writes down who came with what. */
function startTokens(): AsyncDisposable & { url: string; seen: string[] } {
  const seen: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const form = new URLSearchParams(await request.text());
      seen.push(
        `${request.method} ${form.get("service")} ${form.get("refresh_token")}`,
      );
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
  if (authority.status === OK) {
    // An engine takes nothing but a key of Ed25519 for one.
    const { PublicKey } = fromBinary(
      GetTokenAuthorityResponseSchema,
      authority.body,
    );
    assertEquals(PublicKey.length, 32);
  }
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

const IDENTITY = { identitytoken: "identity" };

/** What a registry's token server is told to be; the engine names another one. */
type Knows = "knows its server" | "can't be asked" | "nobody asks it";

for (
  const [name, knows, login, statuses, token] of [
    ["a password goes to no realm", "knows its server", LOGIN, [
      UNIMPLEMENTED,
      UNIMPLEMENTED,
    ], ""],
    ["there is no login", "knows its server", undefined, [
      UNIMPLEMENTED,
      UNIMPLEMENTED,
    ], ""],
    [
      "the caller's own token is given as it is",
      "nobody asks it",
      { registrytoken: "own-token" },
      [OK, OK],
      "own-token",
    ],
    [
      "an identity token goes to the registry's own realm",
      "knows its server",
      IDENTITY,
      [OK, OK],
      "made-token",
    ],
    [
      "an identity token goes nowhere where the registry can't be asked",
      "can't be asked",
      IDENTITY,
      [UNIMPLEMENTED, UNIMPLEMENTED],
      "",
    ],
    [
      "an identity token goes nowhere where nobody asks",
      "nobody asks it",
      IDENTITY,
      [UNIMPLEMENTED, UNIMPLEMENTED],
      "",
    ],
  ] as [string, Knows, AuthConfig | undefined, string[], string][]
) {
  Deno.test(`authService answers an engine that asks for a token: ${name}`, async () => {
    await using server = startTokens();
    await using thief = startTokens();
    const store = new CredentialStore({
      credentials: login === undefined ? {} : { "r.example": login },
    });
    const failures: Error[] = [];
    const asked: string[] = [];
    const methods = authService(store, {
      tokenServer: knows === "nobody asks it" ? undefined : (registry) => {
        asked.push(registry);
        return Promise.resolve(
          knows === "knows its server"
            ? { realm: new URL(server.url), service: "own" }
            : undefined,
        );
      },
      onError: (error) => failures.push(error),
    });
    const errors = await withEnginePeer(methods, async (engine) => {
      for (let times = 0; times < 2; times++) {
        assertEquals(await askForToken(engine, thief.url), { statuses, token });
      }
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
    // The engine names a realm, and nobody ever goes there.
    assertEquals(thief.seen, []);
    assertEquals(
      server.seen,
      token === "made-token" ? Array(2).fill("POST own identity") : [],
    );
    assert(asked.length <= 1 && asked.every((name) => name === "r.example"));
  });
}

Deno.test("authService gives no token to an engine that asks for one without an authority", async () => {
  await using thief = startTokens();
  const methods = authService(
    new CredentialStore({ credentials: { "r.example": IDENTITY } }),
    {
      tokenServer: () =>
        Promise.resolve({ realm: new URL(thief.url), service: "" }),
      onError: () => {},
    },
  );
  await withEnginePeer(methods, async (engine) => {
    const { status } = await engine.ask(
      `${AUTH}/FetchToken`,
      toBinary(
        FetchTokenRequestSchema,
        create(FetchTokenRequestSchema, {
          Host: "r.example",
          Realm: thief.url,
        }),
      ),
    );
    assertEquals(status, UNIMPLEMENTED);
  });
  assertEquals(thief.seen, []);
});

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

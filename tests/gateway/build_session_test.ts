import { CredentialStore } from "../../lib/credentials/store.ts";
import { Engine } from "../../lib/engine/engine.ts";
import {
  type BuildOffer,
  serveBuild,
} from "../../lib/gateway/build_session.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import type { RequestHead } from "../../lib/gateway/request_head.ts";
import { SecretReports } from "../../lib/gateway/secret_reports.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { type EnginePeer, enginePeer } from "../session/engine_peer.ts";
import { RecordingEngine } from "./recording_engine.ts";

const GET_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CREDENTIALS = "/moby.filesync.v1.Auth/Credentials";
const TOKEN = "0d7f2b6c-6f0e-4a57-9c65-6f3f4b1d2a10";
const { signal } = new AbortController();

/** A message with one text, the first field. */
function asking(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.of(0x0a, bytes.length, ...bytes);
}

function reportsOf(more: string): SecretReports {
  const headers = new Map([["x-davit-secrets", `report=${TOKEN}${more}`]]);
  return SecretReports.of({ headers } as unknown as RequestHead)!;
}

/** Serves a build's session to an engine that asks in it. */
async function withSession(
  offer: Partial<BuildOffer>,
  use: (engine: EnginePeer) => Promise<void>,
  apiVersion = "1.51",
): Promise<void> {
  const recording = new RecordingEngine();
  recording.fetch = () =>
    Promise.resolve(
      new Response("OK", { headers: { "api-version": apiVersion } }),
    );
  const [ours, theirs] = duplexPair();
  recording.upgrade = () => Promise.resolve(theirs);
  using peer = enginePeer(ours);
  const session = await serveBuild({
    engine: new Engine(recording),
    secrets: undefined,
    logins: undefined,
    reports: undefined,
    signal,
    ...offer,
  });
  assert(session !== undefined);
  try {
    await use(peer);
  } finally {
    await session.close();
  }
}

Deno.test("a build's session gives the secrets of its client, and no others; a strict client's build fails for want of one", async () => {
  const secrets = [["a", new Secret("the value of a")]] as const;
  for (
    const [reports, missing] of [
      [undefined, "5"],
      [reportsOf(""), "5"],
      [reportsOf("; strict"), "9"],
    ] as const
  ) {
    await withSession({ secrets, reports }, async (engine) => {
      const { status, body } = await engine.ask(GET_SECRET, asking("a"));
      assertEquals(status, "0");
      assertStringIncludes(new TextDecoder().decode(body), "the value of a");
      assertEquals((await engine.ask(GET_SECRET, asking("b"))).status, missing);
    });
    if (reports === undefined) continue;
    const told = reports.between(ReadableStream.from([]));
    const lines = await Array.fromAsync(
      told,
      (bytes) => JSON.parse(new TextDecoder().decode(bytes)).aux,
    );
    assertEquals(lines.map(({ id, state }) => `${id} ${state}`), [
      "a requested",
      "a served",
      "b requested",
      "b missing",
    ]);
  }
});

Deno.test("a secret that this engine can't take is not sent to it", async () => {
  const secrets = [["large", new Secret("s".repeat(5_000_000))]] as const;
  for (
    const [apiVersion, status, bytes] of [
      ["1.44", "8", 0],
      ["1.45", "0", 5_000_005],
    ] as const
  ) {
    await withSession({ secrets }, async (engine) => {
      const large = await engine.ask(GET_SECRET, asking("large"));
      assertEquals([large.status, large.body.length], [status, bytes]);
    }, apiVersion);
  }
});

Deno.test("a build's session gives the logins of its client where it has some", async () => {
  const login = { username: "the-user", password: "the-password" };
  const logins = new CredentialStore({
    credentials: { "r.example": login },
    signal,
  });
  await withSession({ logins }, async (engine) => {
    const { status, body } = await engine.ask(CREDENTIALS, asking("r.example"));
    assertEquals(status, "0");
    const text = new TextDecoder().decode(body);
    for (const word of Object.values(login)) assertStringIncludes(text, word);
  });
  await withSession({ secrets: [] }, async (engine) => {
    const { status } = await engine.ask(CREDENTIALS, asking("r.example"));
    assertEquals(status, "12");
  });
});

Deno.test("an engine without sessions gets no build that needs one", async () => {
  const recording = new RecordingEngine();
  const serve = (offer: Partial<BuildOffer>) =>
    serveBuild({
      engine: new Engine({
        fetch: recording.fetch.bind(recording),
        close() {},
      }, "1.51"),
      secrets: undefined,
      logins: undefined,
      reports: undefined,
      signal,
      ...offer,
    });
  assertEquals(await serve({}), undefined);
  assertEquals(await serve({ reports: reportsOf("") }), undefined);
  for (
    const offer of [{ secrets: [] }, { reports: reportsOf("; strict") }]
  ) {
    const { status } = await assertRejects(
      () => serve(offer),
      Refusal,
      "has no sessions",
    );
    assertEquals(status, 422);
  }
});

Deno.test("an engine that has sessions and opens none for another reason is no engine without them", async () => {
  const error = await assertRejects(() =>
    serveBuild({
      engine: new Engine(new RecordingEngine(), "1.51"),
      secrets: [],
      logins: undefined,
      reports: undefined,
      signal,
    })
  );
  assert(!(error instanceof Refusal), String(error));
});

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import { MemoryLocal } from "../../lib/fsutil/memory_local.ts";
import { CredentialStore } from "../../lib/credentials/store.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import { openSession, type SessionInit } from "../../lib/session/open.ts";
import { methodsOf, type SessionServices } from "../../lib/session/services.ts";

const { signal } = new AbortController();

const init: SessionInit = { name: "test", methods: [], required: true, signal };

/** The values of a header that a session introduces itself with. */
async function announced(
  services: SessionServices,
  header: string,
): Promise<string[]> {
  const values: string[] = [];
  const session = await openSession((headers) => {
    for (const [name, value] of headers) {
      if (name === `X-Docker-Expose-Session-${header}`) values.push(value);
    }
    return Promise.resolve(duplexPair()[0]);
  }, {
    ...init,
    methods: await methodsOf(services, () => {}),
    sharedKey: "key",
  });
  await session!.close();
  return values;
}

const HEALTH = "/grpc.health.v1.Health/Check";

Deno.test("a session announces what is in its list of services, and nothing else", async () => {
  const methods = (services: SessionServices) =>
    announced(services, "Grpc-Method");
  assertEquals(await methods({}), [HEALTH]);
  const store = await SecretStore.open({}, signal);
  const secrets = { store, maxBytes: 1, strict: false };
  assertEquals(await methods({ secrets }), [
    HEALTH,
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
  ]);
  const locals = new Map([["context", await MemoryLocal.of(new Map())]]);
  const folders = { locals, onSent: () => {} };
  assertEquals(await methods({ folders }), [
    HEALTH,
    "/moby.filesync.v1.FileSync/DiffCopy",
  ]);
  const logins = { store: new CredentialStore({ signal }) };
  assertEquals(await methods({ logins }), [
    HEALTH,
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/GetTokenAuthority",
    "/moby.filesync.v1.Auth/FetchToken",
  ]);
  const agents = { get: () => undefined };
  assertEquals(await methods({ agents }), [
    HEALTH,
    "/moby.sshforward.v1.SSH/CheckAgent",
    "/moby.sshforward.v1.SSH/ForwardAgent",
  ]);
  assertEquals(await announced({}, "Name"), ["test"]);
  assertEquals(await announced({}, "Sharedkey"), ["key"]);
});

Deno.test("where there are no sessions, a session that is not required is none", async () => {
  const none = new UnsupportedError("sessions", "none here");
  const dial = () => Promise.reject(none);
  assertEquals(
    await openSession(dial, { ...init, required: false }),
    undefined,
  );
  assertStrictEquals(
    await assertRejects(() => openSession(dial, init)),
    none,
  );
  const broken = new Error("the engine is gone");
  assertStrictEquals(
    await assertRejects(() =>
      openSession(() => Promise.reject(broken), { ...init, required: false })
    ),
    broken,
  );
});

Deno.test("a session that ends by itself is lost, and one that is closed is not", async () => {
  const told = Promise.withResolvers<void>();
  const [ours, theirs] = duplexPair();
  const lost = await openSession(() => Promise.resolve(ours), {
    ...init,
    onLost: () => told.resolve(),
  });
  assertEquals(lost!.lost(), false);
  await theirs.writable.close();
  await told.promise;
  assert(lost!.lost());
  await lost!.close();
  const kept = await openSession(() => Promise.resolve(duplexPair()[0]), {
    ...init,
    onLost: () => {
      throw new Error("it was closed");
    },
  });
  await kept!.close();
  assertEquals(kept!.lost(), false);
});

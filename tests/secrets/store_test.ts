import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { abortedAtFifo, makeFifo } from "../support/fifo.ts";
import { withTempFolder } from "../support/folder.ts";
import { SecretError } from "../../lib/errors.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import type { SecretSource } from "../../lib/secrets/source.ts";
import { SecretStore } from "../../lib/secrets/store.ts";

const signal = new AbortController().signal;

Deno.test("SecretStore.open() refuses what is no source, and quotes no value", async () => {
  for (
    const [id, source] of [
      ["a", 42],
      ["a", null],
      ["a", {}],
      ["a", { file: "x", env: "hunter2" }],
      ["a", { value: 7 }],
      ["a", { env: "" }],
      ["a", { value: "hunter2", visible: 1 }],
      ["a", { visible: true }],
      ["a", ["hunter2"]],
      ["", "hunter2"],
      ["nul\0", "hunter2"],
    ] as [string, unknown][]
  ) {
    const error = await assertRejects(
      () => SecretStore.open({ [id]: source as SecretSource }, signal),
      TypeError,
    );
    assertFalse(error.message.includes("hunter2"));
  }
});

Deno.test("SecretStore.open() names the file or variable that it can not read", async () => {
  const file = await assertRejects(
    () => SecretStore.open({ t: { file: "/no/such/file" } }, signal),
    SecretError,
    'Cannot read secret "t" from "/no/such/file": there is no such file',
  );
  assertEquals(file.id, "t");
  await assertRejects(
    () => SecretStore.open({ t: { file: "/" } }, signal),
    SecretError,
    "it is a folder",
  );
  await assertRejects(
    () => SecretStore.open({ t: { env: "DAVIT_NOT_SET" } }, signal),
    SecretError,
    'the environment variable "DAVIT_NOT_SET" is not set',
  );
});

Deno.test("SecretStore.open() waits for a FIFO's writer, and no longer than its signal lets it", () =>
  withTempFolder(async (folder) => {
    const file = `${folder}/fifo`;
    await makeFifo(file);
    const reason = new Error("cancelled");
    assertStrictEquals(
      await abortedAtFifo(
        file,
        reason,
        (signal) => SecretStore.open({ t: { file } }, signal),
      ),
      reason,
    );
    const [store] = await Promise.all([
      SecretStore.open({ t: { file } }, signal),
      Deno.writeTextFile(file, "hunter2222"),
    ]);
    assertEquals(store.atHand().map(([id]) => id), ["t"]);
    assertEquals(
      (await store.get("t"))?.reveal(),
      new Secret("hunter2222").reveal(),
    );
  }));

Deno.test("SecretStore.get() reports what was served, missing and not asked for", async () => {
  const uses: string[] = [];
  const store = await SecretStore.open({
    given: "x",
    spare: new Secret("y"),
    none: () => null,
  }, signal);
  store.onUse = ({ id, state }) => uses.push(`${id} ${state}`);
  assertEquals((await store.get("given"))?.reveal(), new Secret("x").reveal());
  assertEquals(await store.get("absent"), undefined);
  assertEquals(await store.get("none"), undefined);
  // Git and http sources try these on their own.
  for (
    const id of [
      "GIT_AUTH_TOKEN",
      "GIT_AUTH_HEADER.github.com",
      "HTTP_AUTH_TOKEN_example.com",
    ]
  ) {
    assertEquals(await store.get(id), undefined);
  }
  assertEquals(store.requests(), {
    served: ["given"],
    missing: ["absent", "none"],
    unasked: ["spare"],
  });
  assertEquals(uses, [
    "given requested",
    "given served",
    "absent requested",
    "absent missing",
    "none requested",
    "none missing",
  ]);
});

Deno.test("SecretStore.get() calls a function once, also for parallel steps, and again after a failure", async () => {
  let calls = 0;
  const store = await SecretStore.open({
    slow: async () => {
      await Promise.resolve();
      if (++calls === 1) throw new Error("not yet");
      return "now";
    },
  }, signal);
  await assertRejects(() => store.get("slow"), Error, "not yet");
  const [a, b] = await Promise.all([store.get("slow"), store.get("slow")]);
  assert(a !== undefined && a === b);
  assertEquals(calls, 2);
  const wrong = await SecretStore.open(
    { w: () => 5 as unknown as string },
    signal,
  );
  await assertRejects(() => wrong.get("w"), SecretError, "gave a number");
});

Deno.test("SecretStore.get() gives no value out before all answers are masked with it", async () => {
  const store = await SecretStore.open({ slow: () => "hunter2" }, signal);
  const masked = Promise.withResolvers<void>();
  const told: string[] = [];
  store.onValue = (id, secret) => {
    told.push(`${id}=${new TextDecoder().decode(secret.reveal())}`);
    return masked.promise;
  };
  let served = false;
  const given = store.get("slow").then(() => served = true);
  const known = store.peek("slow").then(() => served = true);
  // As many turns as it could take, and a round of the event loop.
  await new Promise((done) => setTimeout(done));
  assertEquals(told, ["slow=hunter2"]);
  assertFalse(served);
  assertEquals(store.requests().served, []);
  masked.resolve();
  await Promise.all([given, known]);
  assertEquals(store.requests().served, ["slow"]);
});

Deno.test("SecretStore.atHand() leaves functions out", async () => {
  const store = await SecretStore.open({ a: "1", b: () => "2" }, signal);
  assertEquals(store.atHand().map(([id]) => id), ["a"]);
  assertEquals(store.deferred(), ["b"]);
  assertEquals(store.size, 2);
});

Deno.test("what an engine asks for in vain is kept within bounds", async () => {
  const store = await SecretStore.open({ a: "hunter22" }, signal);
  let told = 0;
  store.onUse = () => void told++;
  for (let i = 0; i < 5000; i++) {
    assertEquals(await store.get(`no-${i}`), undefined);
    assertEquals(await store.get(`${i}`.padEnd(60_000, "x")), undefined);
  }
  const { missing } = store.requests();
  assertEquals(missing.length, 1000);
  assertEquals(told, 2000);
  assert(missing.every((id) => id.length <= 1024));
  assertEquals((await store.get("a"))?.byteLength, 8);
  assertEquals(store.requests().served, ["a"]);
});

Deno.test("SecretStore.open() says why a file or variable can not be read", async () => {
  const undefinedValue = undefined as unknown as SecretSource;
  await assertRejects(
    () => SecretStore.open({ a: undefinedValue }, signal),
    SecretError,
    "it is undefined",
  );
  await assertRejects(
    () => SecretStore.open({ a: { file: "/proc/self" } }, signal),
    SecretError,
    'Cannot read secret "a" from "/proc/self": it is a folder',
  );
  const { get } = Deno.env;
  for (
    const [failure, words] of [
      [new Deno.errors.NotCapable("no"), "allow it with --allow-env=TOKEN"],
      [new TypeError("a key with a ="), "a key with a ="],
    ] as const
  ) {
    Deno.env.get = () => {
      throw failure;
    };
    try {
      await assertRejects(
        () => SecretStore.open({ a: { env: "TOKEN" } }, signal),
        SecretError,
        words,
      );
    } finally {
      Deno.env.get = get;
    }
  }
});

import { Secret } from "../../lib/secrets/secret.ts";
import { SshAgents } from "../../lib/ssh/agents.ts";
import type { SshOption } from "../../lib/ssh/option.ts";
import { reasonOf, SocketAgent } from "../../lib/ssh/socket_agent.ts";
import { SshError } from "../../lib/ssh/ssh_error.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

/** A key in PEM, made here: no program is needed for it. */
async function pemKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "Ed25519" },
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  const body = new Uint8Array(bytes).toBase64();
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

const NO_ENV = { get: () => undefined };

async function refusal(
  option: SshOption,
  env: { get(name: string): string | undefined } = NO_ENV,
): Promise<SshError> {
  return await assertRejects(() => SshAgents.open(option, { env }), SshError);
}

/** Accepts connections at a socket until it is closed, and counts them. */
function listen(path: string) {
  const listener = Deno.listen({ transport: "unix", path });
  let count = 0;
  const accepting = (async () => {
    for await (const conn of listener) {
      count++;
      conn.close();
    }
  })();
  return {
    count: () => count,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

Deno.test("SshAgents gives agents by their ids, and tells what became of each", async () => {
  await withTempFolder(async (folder) => {
    const key = await pemKey();
    await Deno.writeTextFile(`${folder}/a`, key);
    const agents = await SshAgents.open({
      "": { keys: [`${folder}/a`] },
      b: { keys: [new URL(`file://${folder}/a`)] },
      c: { keys: [new Secret(key), new TextEncoder().encode(key)] },
      d: `${folder}/a,${folder}/a`,
    }, { env: NO_ENV });
    assertEquals(agents.size, 4);
    const told: string[] = [];
    agents.onUse = (id, state) => told.push(`${id} ${state}`);
    assert(agents.get("") !== undefined);
    assert(agents.get("") === agents.get("default"));
    assert(agents.get("b") !== undefined);
    assert(agents.get("b") !== agents.get("c"));
    assertEquals(agents.get("x"), undefined);
    assertEquals(agents.get("x"), undefined);
    assertEquals(told, ["default used", "b used", "c used", "x missing"]);
    assertEquals(agents.report(), {
      used: ["default", "b", "c"],
      missing: ["x"],
      unasked: ["d"],
    });
  });
  const none = await SshAgents.open(undefined, { env: NO_ENV });
  assertEquals(none.size, 0);
  assertEquals(none.get("a"), undefined);
  assertEquals(none.report(), { used: [], missing: ["a"], unasked: [] });
});

Deno.test("SshAgents tries each socket before a build, wherever it is named", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    {
      await using listening = listen(path);
      const env = {
        get: (name: string) => name === "SSH_AUTH_SOCK" ? path : undefined,
      };
      for (
        const option of [
          "default",
          { a: true },
          { a: path },
          { a: { socket: path } },
          { a: { socket: new URL(`file://${path}`) } },
        ] as const
      ) {
        const agents = await SshAgents.open(option, { env });
        assertEquals(agents.size, 1);
      }
      assertEquals(listening.count(), 5);
      const two = await refusal({ a: `${path},${path}` });
      assertEquals(
        two.message,
        `Cannot use ${path} for ssh id "a": it is a socket, and an id has one socket or any number of keys`,
      );
      assertEquals(two.cause, undefined);
    }
    for (const option of [{ a: { socket: path } }, { a: true }] as const) {
      const gone = await refusal(option, { get: () => path });
      assert(
        gone.message.startsWith(
          `Cannot reach the ssh agent for id "a" at ${path}: `,
        ),
        gone.message,
      );
      assert(gone.cause instanceof Error);
      assertEquals(gone.id, "a");
    }
  });
  for (const empty of [undefined, ""]) {
    const unset = await refusal({ a: true }, { get: () => empty });
    assert(unset.message.includes('for id "a": SSH_AUTH_SOCK is not set'));
  }
  const denied = new Deno.errors.NotCapable("no env");
  const closed = await refusal({ a: true }, {
    get: () => {
      throw denied;
    },
  });
  assert(closed.message.includes("run with --allow-env=SSH_AUTH_SOCK"));
  assert(closed.cause === denied);
});

Deno.test("SshAgents names a key that can't be used by its path or its place, and says why", async () => {
  await withTempFolder(async (folder) => {
    const key = await pemKey();
    const at = (name: string) => `${folder}/${name}`;
    await Deno.writeTextFile(at("good"), key);
    await Deno.writeTextFile(at("none"), "no key");
    await Deno.writeTextFile(at("public"), "ssh-ed25519 AAAA");
    await Deno.writeTextFile(at("most"), key.padEnd(102_400, "\n"));
    await Deno.writeTextFile(at("large"), key.padEnd(102_401, "\n"));
    await Deno.mkdir(at("folder"));
    assertEquals((await SshAgents.open({ a: at("most") })).size, 1);
    const bytes = new TextEncoder().encode("no key");
    for (
      const [option, name, why] of [
        [{ a: at("none") }, at("none"), "it is no private key"],
        [{ a: at("public") }, at("public"), "it is a public key"],
        [{ a: at("gone") }, at("gone"), "there is no such file"],
        [{ a: { keys: [at("gone")] } }, at("gone"), "there is no such file"],
        [
          { a: { keys: [new URL(`file://${at("gone")}`)] } },
          at("gone"),
          "there is no such file",
        ],
        [{ a: { keys: [at("folder")] } }, at("folder"), "it is a folder"],
        [
          { a: at("large") },
          at("large"),
          "it has 102401 bytes: too large for a key",
        ],
        [{ a: { keys: [bytes] } }, "key 1", "it is no private key"],
        [
          { a: { keys: [at("good"), new Secret("no key")] } },
          "key 2",
          "it is no private key",
        ],
      ] as const
    ) {
      const error = await refusal(option as SshOption);
      assert(
        error.message.startsWith(`Cannot use ${name} for ssh id "a": ${why}`),
        error.message,
      );
      assertEquals(error.cause === undefined, why.startsWith("it has"));
    }
  });
});

Deno.test("reasonOf() says what is the matter with a path", () => {
  const { errors } = Deno;
  for (
    const [error, words] of [
      [new errors.NotFound("x"), "there is no such file"],
      [new errors.ConnectionRefused("x"), "nobody answers there; start"],
      [
        new errors.NotCapable("x"),
        "no permission; run with --allow-read=/p --allow-write=/p",
      ],
      [new errors.PermissionDenied("x"), "no permission"],
      [new errors.IsADirectory("x"), "it is a folder"],
      [new Error("words"), "words"],
      ["text", "text"],
      [7, "7"],
    ] as const
  ) {
    const reason = reasonOf(error, "/p");
    assertEquals(typeof reason, "string");
    assert(reason.startsWith(words), reason);
    if (error instanceof errors.PermissionDenied) assertEquals(reason, words);
  }
});

/** A connection to an agent that is played: what is written, read and closed. */
async function played(
  answers: (Uint8Array | null | Error)[],
  most: number = Infinity,
) {
  const written: number[] = [];
  const asked: number[] = [];
  let closed = 0;
  const conn = {
    write(bytes: Uint8Array) {
      const part = bytes.subarray(0, most);
      written.push(...part);
      return Promise.resolve(part.length);
    },
    read(buffer: Uint8Array) {
      asked.push(buffer.length);
      const answer = answers.shift();
      if (answer instanceof Error) return Promise.reject(answer);
      if (!answer) return Promise.resolve(null);
      buffer.set(answer);
      return Promise.resolve(answer.length);
    },
    close: () => void closed++,
  };
  const { connect } = Deno;
  Object.assign(Deno, { connect: () => Promise.resolve(conn) });
  try {
    const connection = await new SocketAgent("id", "/path").connect();
    return { connection, written, asked, closed: () => closed };
  } finally {
    Object.assign(Deno, { connect });
  }
}

Deno.test("SocketAgent writes a question whole, and reads 16 KiB at once", async () => {
  const question = Uint8Array.of(13, ...Array.from({ length: 300 }, () => 7));
  const answer = Uint8Array.of(0, 0, 0, 2, 14, 9);
  for (const most of [1, 2, 100, Infinity]) {
    const { connection, written, asked } = await played([answer], most);
    assertEquals(await connection.ask(question), Uint8Array.of(14, 9));
    assertEquals(written, [0, 0, 1, 45, ...question]);
    assertEquals(asked, [16 * 1024]);
  }
});

Deno.test("SocketAgent says how an agent failed, and is closed once", async () => {
  const broken = new Error("broken pipe");
  for (
    const [answers, words, hasCause] of [
      [[null], "went away while a step used it", false],
      [[broken], "went away while a step used it", true],
      [
        [Uint8Array.of(0, 0), null],
        "sent what is no answer: a message was cut off",
        true,
      ],
      [
        [Uint8Array.of(0, 0, 0, 0)],
        "sent what is no answer: a message of 0 bytes, from 1 to 262144 are taken",
        true,
      ],
    ] as const
  ) {
    const { connection, closed } = await played([...answers]);
    const error = await assertRejects(
      () => connection.ask(Uint8Array.of(11)),
      SshError,
    );
    assertEquals(
      error.message,
      `The ssh agent for id "id" at /path ${words}`,
    );
    assertEquals(error.cause !== undefined, hasCause);
    connection.close();
    connection.close();
    assertEquals(closed(), 1);
  }
});

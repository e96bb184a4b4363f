import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { abortedAtFifo, makeFifo } from "../support/fifo.ts";
import { withTempFolder } from "../support/folder.ts";
import { KEY_TYPES } from "./key_types.ts";
import {
  fingerprints,
  type KeyFiles,
  makeKey,
  runOpenssh,
  tryOpenssh,
  verifies,
} from "./openssh.ts";
import { serveAgent } from "./serve_agent.ts";
import { SshAgents } from "../../lib/ssh/agents.ts";
import { FAILURE } from "../../lib/ssh/message.ts";
import {
  joined,
  mpint,
  string,
  uint32,
  WireReader,
} from "../../lib/ssh/wire.ts";

Deno.test("our own agent lists keys of each type for ssh-add, and signs with each for ssh-keygen", () =>
  withTempFolder(async (folder) => {
    const keys: KeyFiles[] = [];
    for (const [name, args] of Object.entries(KEY_TYPES)) {
      keys.push(await makeKey(`${folder}/${name}`, args));
    }
    const agents = await SshAgents.open({
      a: { keys: keys.map(({ path }) => path) },
    });
    await using served = serveAgent(folder, agents.get("a")!);
    const agent = served.socket;
    const listed = await runOpenssh("ssh-add", ["-l"], { agent });
    assertEquals(
      fingerprints(listed),
      keys.map(({ fingerprint }) => fingerprint),
    );
    // Neither a path nor a comment goes along.
    assert(!listed.includes(folder) && !listed.includes("a comment"), listed);
    const publicKeys = await runOpenssh("ssh-add", ["-L"], { agent });
    assertEquals(
      publicKeys.trim().split("\n").map((line) => line.trim()),
      keys.map(({ publicKey }) => publicKey.replace(" a comment", "")),
    );
    for (const key of keys) {
      const signature = await runOpenssh("ssh-keygen", [
        ...["-Y", "sign", "-n", "davit", "-f", `${key.path}.pub`],
      ], { agent, stdin: "words" });
      assert(await verifies(folder, key, signature, "words"), key.path);
      assert(!await verifies(folder, key, signature, "other words"), key.path);
    }
    // ssh-add -T signs and verifies by itself.
    await runOpenssh("ssh-add", [
      "-T",
      ...keys.map(({ path }) => `${path}.pub`),
    ], { agent });
  }));

Deno.test("our own agent takes no orders: no key is added, removed or locked away", () =>
  withTempFolder(async (folder) => {
    const key = await makeKey(`${folder}/key`);
    const other = await makeKey(`${folder}/other`);
    const agents = await SshAgents.open({ a: { keys: [key.path] } });
    await using served = serveAgent(folder, agents.get("a")!);
    const agent = served.socket;
    for (const args of [["-D"], ["-d", key.path], [other.path]]) {
      assert((await tryOpenssh("ssh-add", args, { agent })).code !== 0);
    }
    assertEquals(
      fingerprints(await runOpenssh("ssh-add", ["-l"], { agent })),
      [key.fingerprint],
    );
  }));

Deno.test("a key that is a FIFO without a writer is waited for no longer than the signal lets it", () =>
  withTempFolder(async (folder) => {
    const path = `${folder}/fifo`;
    await makeFifo(path);
    const reason = new Error("cancelled");
    for (const option of [{ a: path }, { a: { keys: [path] } }]) {
      assertStrictEquals(
        await abortedAtFifo(
          path,
          reason,
          (signal) => SshAgents.open(option, { signal }),
        ),
        reason,
      );
    }
  }));

Deno.test("our own agent answers every other type, and every cut message, with a failure", () =>
  withTempFolder(async (folder) => {
    const key = await makeKey(`${folder}/key`);
    const agents = await SshAgents.open({ a: { keys: [key.path] } });
    const agent = await agents.get("a")!.connect();
    for (let type = 0; type < 256; type++) {
      if (type === 11) continue;
      assertEquals(await agent.ask(Uint8Array.of(type)), FAILURE);
    }
    const publicKey = Uint8Array.fromBase64(key.publicKey.split(" ")[1]!);
    const request = joined(
      Uint8Array.of(13),
      string(publicKey),
      string("data"),
      uint32(0),
    );
    assertEquals((await agent.ask(request))[0], 14);
    for (let length = 1; length < request.length; length++) {
      assertEquals(await agent.ask(request.subarray(0, length)), FAILURE);
    }
    publicKey[publicKey.length - 1]! ^= 1; // a key that it does not have
    const unknown = joined(
      Uint8Array.of(13),
      string(publicKey),
      string("data"),
      uint32(0),
    );
    assertEquals(await agent.ask(unknown), FAILURE);
  }));

Deno.test("our own agent signs for RSA with the hash that the flags ask for", () =>
  withTempFolder(async (folder) => {
    const key = await makeKey(`${folder}/key`, ["-t", "rsa", "-b", "2048"]);
    const agents = await SshAgents.open({ a: { keys: [key.path] } });
    const agent = await agents.get("a")!.connect();
    const blob = Uint8Array.fromBase64(key.publicKey.split(" ")[1]!);
    const parts = new WireReader(blob);
    parts.text();
    const [e, n] = [parts.mpint(), parts.mpint()].map((bytes) =>
      bytes.toBase64({ alphabet: "base64url", omitPadding: true })
    );
    const data = new TextEncoder().encode("data");
    for (
      const [flags, name, hash] of [
        [0, "ssh-rsa", "SHA-1"],
        [2, "rsa-sha2-256", "SHA-256"],
        [4, "rsa-sha2-512", "SHA-512"],
        [6, "rsa-sha2-256", "SHA-256"],
      ] as const
    ) {
      const answer = new WireReader(
        await agent.ask(joined(
          Uint8Array.of(13),
          string(blob),
          string(data),
          uint32(flags),
        )),
      );
      assertEquals(answer.byte(), 14);
      const signature = new WireReader(answer.string());
      assertEquals(signature.text(), name);
      const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
      const verifier = await crypto.subtle.importKey(
        "jwk",
        { kty: "RSA", e: e!, n: n! },
        algorithm,
        false,
        ["verify"],
      );
      const bytes = new Uint8Array(signature.string());
      assert(await crypto.subtle.verify(algorithm, verifier, bytes, data));
    }
  }));

Deno.test("mpint writes numbers as RFC 4251 shows them", () => {
  const hex = (text: string) => Uint8Array.fromHex(text);
  assertEquals(mpint(hex("")), hex("00000000"));
  assertEquals(mpint(hex("0000")), hex("00000000"));
  assertEquals(
    mpint(hex("0009a378f9b2e332a7")),
    hex("0000000809a378f9b2e332a7"),
  );
  assertEquals(mpint(hex("80")), hex("000000020080"));
});

/** Programs that connect to a daemon, and say why not. */
import { Builder } from "../../lib/builder/builder.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** What a builder fails with where these scripts are all the programs. */
async function failures(
  programs: Readonly<Record<string, string>>,
  addresses: readonly string[],
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "davit-programs-" });
  for (const [name, script] of Object.entries(programs)) {
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
  }
  const path = Deno.env.get("PATH")!;
  Deno.env.set("PATH", folder);
  try {
    const messages = [];
    for (const address of addresses) {
      await using builder = await Builder.fromAddress(address);
      const { message } = await assertRejects(
        () => builder.workers(),
        ConnectionError,
      );
      messages.push(message);
    }
    return messages;
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a program that is missing, or ends, is told with its own words", async () => {
  const addresses = ["ssh://me@host:22/b.sock", "kube-pod://p?namespace=n"];
  assertEquals(await failures({}, addresses), [
    'Cannot reach ssh://me@host:22/b.sock: there is no "ssh" program on this machine; install OpenSSH\'s client',
    'Cannot reach kube-pod://p?namespace=n: there is no "kubectl" program on this machine; install kubectl',
  ]);
  assertEquals(
    await failures({
      ssh: 'echo "no key" >&2; exec 1>&-; echo "for $*" >&2; exit 255',
      kubectl: "exit 1",
    }, addresses),
    [
      "Cannot reach the BuildKit daemon at ssh://me@host:22/b.sock: ssh says: no key\n" +
      "for -o ConnectTimeout=30 -T -l me -p 22 -- host buildctl --addr 'unix:///b.sock' dial-stdio",
      'Cannot reach the BuildKit daemon at kube-pod://p?namespace=n: kubectl ended the connection, and says nothing: does "buildctl dial-stdio" work there?',
    ],
  );
  // What kubectl logs of its tries is left out.
  const log = "E1129 06:18:51.007856   7 memcache.go:265] Unhandled Error";
  const kubectl = `echo "${log}" >&2; echo "refused" >&2; exit 1`;
  assertEquals(await failures({ kubectl }, addresses.slice(1)), [
    "Cannot reach the BuildKit daemon at kube-pod://p?namespace=n: kubectl says: refused",
  ]);
});

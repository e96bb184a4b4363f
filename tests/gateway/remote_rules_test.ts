import { Refusal } from "../../lib/gateway/refusal.ts";
import { checkRemoteAddress } from "../../lib/gateway/remote_rules.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const { signal } = new AbortController();

/** Names that were looked up; all of them are public. */
async function lookedUp(remote: string): Promise<string[]> {
  const names: string[] = [];
  await checkRemoteAddress(remote, signal, (name) => {
    names.push(name);
    return Promise.resolve(["93.184.216.34"]);
  });
  return names;
}

Deno.test("checkRemoteAddress() takes a host in its usual spelling", async () => {
  for (
    const [remote, ...names] of [
      ["https://example.com"],
      ["http://example.com./a.tar", "example.com"],
      ["https://Example.COM/a.git#main:sub", "example.com"],
      ["git://user:p%40ss@example.com:9418/a?b=c", "example.com"],
      ["github.com/owner/name.git#v1@{0}", "github.com"],
      ["https://xn--bcher-kva.example/a", "xn--bcher-kva.example"],
      ["http://8.8.8.8/a.tar"],
      ["http://[2606:4700:4700::1111]:8080/a.tar"],
      ["http://[2A00::1]/"],
    ] as const
  ) {
    const expected = names.length > 0 || /\d/.test(remote)
      ? names
      : ["example.com"];
    assertEquals([remote, await lookedUp(remote)], [remote, [...expected]]);
  }
});

Deno.test("checkRemoteAddress() refuses what two parsers could read as two hosts", async () => {
  // Each with a public host by one reading at the least, or a private one by another.
  const hosts = [
    "010.0.0.1", // 8.0.0.1 in octal, 10.0.0.1 in decimal, a name to others
    "8.8.8.010",
    "8.8.8.00",
    "0x8.8.8.8",
    "8.8.2056",
    "8.526344",
    "134744072",
    "0x08080808",
    "01002004010",
    "8.8.8.8.",
    "8.8.8.256",
    "8.8.8.8.8",
    "8..8.8",
    "1e1.0.0.1",
    "example.0x8",
    "example.10",
    "[2606:4700:4700:0::1111]",
    "[2606:4700:4700:0000:0000:0000:0000:1111]",
    "[::ffff:8.8.8.8]",
    "[::ffff:8.8.8.010]",
    "[2606:4700:4700::1111%25eth0]",
    "[2606:4700:4700::1111",
    "[v1.a]",
    "8%2e8.8.8",
    "%38.8.8.8",
    "example%2ecom",
    "８.8.8.8", // a digit of full width
    "8。8。8。8",
    "exämple.com",
    "ⓔxample.com",
    "example.com:",
    "example.com:65536",
    "example.com:0x50",
    "example.com:80:80",
    "a@b@example.com",
    "example.com#@10.0.0.1",
    "example.com?@10.0.0.1",
    "example.com;@10.0.0.1",
    "a[b@example.com",
    "exam<ple.com",
    "example.com,10.0.0.1",
    "-",
    "",
    ".",
    ":80",
    "@",
  ];
  for (const scheme of ["http", "https", "git"]) {
    for (const host of hosts) {
      for (const path of ["", "/", "/a.git"]) {
        const remote = `${scheme}://${host}${path}`;
        const error = await lookedUp(remote).catch((error) => error);
        assert(error instanceof Refusal, `${remote}: ${error}`);
      }
    }
  }
});

Deno.test("checkRemoteAddress() knows the schemes as the engine does: in small letters", async () => {
  for (
    const remote of [
      "HTTP://example.com/a",
      "Https://example.com/a",
      "GIT://example.com/a",
      "GitHub.com/a/b",
      "github.com:a/b",
      "http:/example.com/a",
      "http:example.com/a",
      "//example.com/a",
      "ftp://example.com/a",
      "file:///etc",
      "git@example.com:a/b",
      "git+ssh://example.com/a",
      "http://example.com\\@10.0.0.1/",
      "http://example.com\t/",
    ]
  ) await assertRejects(() => lookedUp(remote), Refusal);
});

Deno.test("checkRemoteAddress() takes an address of a resolver that has leading zeros for a private one", async () => {
  await assertRejects(
    () =>
      checkRemoteAddress(
        "http://example.com/",
        signal,
        () => Promise.resolve(["010.0.0.1"]),
      ),
    Refusal,
    "private address",
  );
});

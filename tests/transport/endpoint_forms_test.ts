import {
  formatEndpoint,
  isHere,
  isLoopback,
  parseEndpoint,
  withScheme,
} from "../../lib/transport/endpoint.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

type Parsed = ReturnType<typeof parseEndpoint>;

Deno.test("parseEndpoint() takes a port, a user and a path from where they stand, and no others", () => {
  for (
    const [address, expected] of [
      ["UNIX:///run/D.sock", { kind: "unix", path: "/run/D.sock" }],
      ["TCP://h:1", { kind: "tcp", hostname: "h", port: 1 }],
      ["tcp://h:65535", { kind: "tcp", hostname: "h", port: 65535 }],
      ["http://h", { kind: "tcp", hostname: "h", port: 2375 }],
      ["http://h:80", { kind: "tcp", hostname: "h", port: 80 }],
      ["https://h:80", { kind: "tcp", hostname: "h", port: 80, tls: {} }],
      ["https://h:443", { kind: "tcp", hostname: "h", port: 443, tls: {} }],
      ["tcp://[2001:db8::2]", {
        kind: "tcp",
        hostname: "2001:db8::2",
        port: 2375,
      }],
      ["tcp://[::1]:80", { kind: "tcp", hostname: "::1", port: 80 }],
      ["h.example-1:99", { kind: "tcp", hostname: "h.example-1", port: 99 }],
      ["ssh://h", { kind: "ssh", hostname: "h" }],
      ["ssh://h/", { kind: "ssh", hostname: "h" }],
      ["ssh://u@h:80", { kind: "ssh", hostname: "h", port: 80, user: "u" }],
      ["ssh://a%40b@[::1]:22/c%20d:9", {
        kind: "ssh",
        hostname: "::1",
        port: 22,
        user: "a@b",
        path: "/c d:9",
      }],
      ["ssh://h/a%23%3F", { kind: "ssh", hostname: "h", path: "/a#?" }],
      ["ssh://h/run/a:9", { kind: "ssh", hostname: "h", path: "/run/a:9" }],
    ] as const
  ) {
    assertEquals([address, parseEndpoint(address)], [
      address,
      expected as Parsed,
    ]);
  }
});

Deno.test("certificates make TLS of tcp:// alone, with its port", () => {
  const tls = { ca: "x" };
  assertEquals(parseEndpoint("tcp://h", tls), {
    kind: "tcp",
    hostname: "h",
    port: 2376,
    tls,
  });
  assertEquals(parseEndpoint("https://h:1", tls), {
    kind: "tcp",
    hostname: "h",
    port: 1,
    tls,
  });
  const plain = { kind: "tcp", hostname: "h", port: 2375 } as const;
  assertEquals(parseEndpoint("http://h", tls), plain);
  assertEquals(parseEndpoint("unix:///a", tls), { kind: "unix", path: "/a" });
});

Deno.test("parseEndpoint() says what is wrong with an address", () => {
  for (
    const [address, words] of [
      ["unix://a", "needs an absolute path"],
      ["npipe://./pipe", "can't open named pipes; run it in WSL"],
      ["/", "expected"],
      ["//a", "expected"],
      ["tcp://", "no host in it"],
      ["tcp://:2375", "no host in it"],
      ["tcp://h:65536", "its port is none"],
      ["tcp://h:65536/", "its port is none"],
      ["tcp://h h", "no host in it"],
      ["tcp://fe80::1:2375", "an IPv6 address needs brackets"],
      ["tcp://h?a", "it has a query or a fragment"],
      ["tcp://h#a", "it has a query or a fragment"],
      ["ssh://h?a", "it has a query or a fragment"],
      ["tcp://u:p@h", "a password in an address"],
      ["ssh://u:p@h", "a password in an address"],
      ["ssh://-h", "the host starts with a dash"],
      ["ssh://%zz@h", 'what follows a "%" is no letter of a name'],
      ["ssh://h/%zz", 'what follows a "%" is no letter of a name'],
      ["ssh://h/a%00b", 'what follows a "%" is no letter of a name'],
      ["tcp://u@h", "nothing more"],
      ["tcp://h/a", "nothing more"],
      ["https://h/a", "nothing more"],
    ] as const
  ) {
    assertThrows(() => parseEndpoint(address), TypeError, words, address);
  }
});

Deno.test("withScheme() completes what is half written, and changes nothing else", () => {
  for (
    const [given, expected] of [
      ["/a", "unix:///a"],
      ["unix:/a", "unix:///a"],
      ["UNIX:/a", "unix:///a"],
      ["unix:///a", "unix:///a"],
      ["/a\nb", "unix:///a\nb"],
      ["//a", "//a"],
      ["h:1", "tcp://h:1"],
      ["a-b.c_d:23", "tcp://a-b.c_d:23"],
      ["[::1]:1", "tcp://[::1]:1"],
      ["[FE80::1]:1", "tcp://[FE80::1]:1"],
      ["h", "h"],
      ["h:", "h:"],
      ["u@h:1", "u@h:1"],
      [" tcp://h:1\n", "tcp://h:1"],
    ] as const
  ) assertEquals([given, withScheme(given)], [given, expected]);
});

Deno.test("isLoopback() and isHere() know this machine, and nothing that is called like it", () => {
  for (
    const [host, expected] of [
      ["localhost", true],
      ["localhost:1", true],
      ["127.0.0.1", true],
      ["127.255.1.2:80", true],
      ["[::1]", true],
      ["[::1]:80", true],
      ["::1", false],
      ["localhost.example", false],
      ["a.localhost", false],
      ["127.0.0.1.example", false],
      ["127.0.0", false],
      ["128.0.0.1", false],
      ["localhost:", false],
      ["", false],
    ] as const
  ) {
    assertEquals([host, isLoopback(host)], [host, expected]);
    for (const scheme of ["tcp", "http", "https"]) {
      assertEquals([host, isHere(`${scheme}://${host}`)], [host, expected]);
    }
    assertEquals(isHere(`ssh://${host}`), false);
  }
  assertEquals(isHere("unix:///a"), true);
  assertEquals(isHere("tcp://localhost/a"), true);
  assertEquals(isHere("the given transport"), false);
  assertEquals(isHere("a unix://b"), false);
});

Deno.test("formatEndpoint() writes what an endpoint has, and nothing else", () => {
  const tcp = { kind: "tcp", hostname: "h", port: 1 } as const;
  assertEquals(formatEndpoint(tcp), "tcp://h:1");
  assertEquals(formatEndpoint({ ...tcp, tls: {} }), "https://h:1");
  const ssh = { kind: "ssh", hostname: "::1" } as const;
  assertEquals(formatEndpoint(ssh), "ssh://[::1]");
  assertEquals(
    formatEndpoint({ ...ssh, user: "u", port: 2, path: "/p" }),
    "ssh://u@[::1]:2/p",
  );
});

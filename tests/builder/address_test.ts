/** Addresses of BuildKit daemons. */
import {
  formatBuilderAddress,
  parseBuilderAddress,
} from "../../lib/builder/address.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("an address is what buildctl and buildx read it as", () => {
  const none = undefined;
  const cases: [string, Record<string, unknown>, (string | null)?][] = [
    ["unix:///run/b.sock", { kind: "unix", path: "/run/b.sock" }],
    [" UNIX:///run/b.sock ", {
      kind: "unix",
      path: "/run/b.sock",
    }, "unix:///run/b.sock"],
    ["tcp://host:80", { kind: "tcp", hostname: "host", port: 80 }],
    [
      "tcp://Host.example:1234/",
      { kind: "tcp", hostname: "host.example", port: 1234 },
      "tcp://host.example:1234",
    ],
    ["tcp://[::1]:1234", { kind: "tcp", hostname: "::1", port: 1234 }],
    [
      "ssh://host",
      { kind: "ssh", hostname: "host", port: none, user: none, path: none },
    ],
    [
      "ssh://m%65@[::1]:2222/run/b%20c.sock",
      {
        kind: "ssh",
        hostname: "::1",
        port: 2222,
        user: "me",
        path: "/run/b c.sock",
      },
      "ssh://me@[::1]:2222/run/b c.sock",
    ],
    [
      "ssh://host/run/b%23%3Fc",
      {
        kind: "ssh",
        hostname: "host",
        port: none,
        user: none,
        path: "/run/b#?c",
      },
      null,
    ],
    [
      "docker-container://buildx_buildkit_a0",
      {
        kind: "docker-container",
        container: "buildx_buildkit_a0",
        context: none,
      },
    ],
    [
      "docker-container://b/?context=far",
      { kind: "docker-container", container: "b", context: "far" },
      "docker-container://b?context=far",
    ],
    [
      "kube-pod://p-0",
      {
        kind: "kube-pod",
        pod: "p-0",
        namespace: none,
        container: none,
        context: none,
      },
    ],
    [
      "kube-pod://p?context=a%2Fb&namespace=ns&container=c",
      {
        kind: "kube-pod",
        pod: "p",
        namespace: "ns",
        container: "c",
        context: "a/b",
      },
      "kube-pod://p?namespace=ns&container=c&context=a%2Fb",
    ],
  ];
  for (const [text, expected, written = text] of cases) {
    const address = parseBuilderAddress(text);
    assertEquals<unknown>(address, expected, text);
    if (written === null) continue;
    assertEquals(formatBuilderAddress(address), written);
    // What is written is read as the same.
    assertEquals(parseBuilderAddress(written), address);
  }
});

Deno.test("an address of another form is refused in words, without its password", () => {
  const cases: [string, string][] = [
    ["", "expected"],
    ["/run/b.sock", "expected"],
    ["host:1234", "expected"],
    ["podman-container://b", "expected"],
    ["npipe:////./pipe/b", "expected"],
    ["unix://run/b.sock", "absolute path"],
    ["unix:///a\0b", "absolute path"],
    ["tcp://host", "no port"],
    ["tcp://:1234", "no host"],
    ["tcp://host:99999", "no host"],
    ["tcp://me@host:1", "nothing more"],
    ["tcp://host:1/x", "nothing more"],
    ["tcp://host:1?x=y", "a query"],
    ["ssh://host#x", "a query"],
    ["ssh://me:word@host", "a password"],
    ["ssh://-oProxyCommand=x@host", "a dash"],
    [undefined as unknown as string, "expected"],
    [new URL("tcp://host:1") as unknown as string, "expected"],
    ["ssh://-host", "a dash"],
    ["ssh://%zz@host", 'follows a "%"'],
    ["ssh://host/%zz", 'follows a "%"'],
    ["ssh://host/a%00b", 'follows a "%"'],
    ["ssh://%00@host", 'follows a "%"'],
    ["docker-container://", "expected"],
    ["docker-container://-a", "name or the id"],
    ["docker-container://a/b", "name or the id"],
    ["docker-container://a?namespace=b", 'behind "?"'],
    ["docker-container://a?context=", 'behind "?"'],
    ["kube-pod://-a", "no name of Kubernetes"],
    ["kube-pod://a?namespace=--x", "no name of Kubernetes"],
    ["kube-pod://a?container=A", "no name of Kubernetes"],
    ["kube-pod://a?pod=b", 'behind "?"'],
  ];
  for (const [text, words] of cases) {
    const { message } = assertThrows(
      () => parseBuilderAddress(text),
      TypeError,
      words,
    );
    assertEquals(message.startsWith("Cannot use builder address "), true);
    assertEquals(message.includes(":word"), false, message);
  }
});

import {
  assertEquals,
  assertFalse,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import {
  formatEndpoint,
  hostPort,
  parseEndpoint,
} from "../../lib/transport/endpoint.ts";

Deno.test("parseEndpoint() reads every form of an address", () => {
  for (
    const [address, expected] of [
      ["unix:///run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
      ["unix:///with space", { kind: "unix", path: "/with space" }],
      ["tcp://127.0.0.1", { kind: "tcp", hostname: "127.0.0.1", port: 2375 }],
      ["tcp://host:80", { kind: "tcp", hostname: "host", port: 80 }],
      ["http://host:80/", { kind: "tcp", hostname: "host", port: 80 }],
      ["tcp://[::1]:99", { kind: "tcp", hostname: "::1", port: 99 }],
      ["[::1]:99", { kind: "tcp", hostname: "::1", port: 99 }],
      ["127.0.0.1:99", { kind: "tcp", hostname: "127.0.0.1", port: 99 }],
      ["/run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
      ["unix:/run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
      [" unix:///run/d.sock", { kind: "unix", path: "/run/d.sock" }],
      ["https://host", { kind: "tcp", hostname: "host", port: 2376, tls: {} }],
      ["ssh://me@host", { kind: "ssh", hostname: "host", user: "me" }],
      ["ssh://host:22/run/x.sock", {
        kind: "ssh",
        hostname: "host",
        port: 22,
        path: "/run/x.sock",
      }],
    ] as const
  ) {
    assertEquals(
      parseEndpoint(address),
      expected as ReturnType<typeof parseEndpoint>,
    );
  }
  assertEquals(parseEndpoint("tcp://h:1", { ca: "x" }), {
    kind: "tcp",
    hostname: "h",
    port: 1,
    tls: { ca: "x" },
  });
});

Deno.test("parseEndpoint() refuses what it can not use, and shows no password", () => {
  for (
    const address of [
      "",
      "host",
      "//host",
      "relative.sock",
      "unix:relative",
      "unix://relative",
      "npipe:////./pipe/docker_engine",
      "tcp://",
      "tcp://host/path",
      "tcp://me@host",
      "ssh://-oProxyCommand=x",
      "ssh://me:hunter2@host",
      "https://me:hunter2@host",
      "tcp://host?x=1",
    ]
  ) {
    const error = assertThrows(() => parseEndpoint(address), TypeError);
    assertFalse(error.message.includes("hunter2"), error.message);
  }
});

Deno.test("parseEndpoint() tells how an IPv6 address is written", () => {
  for (const address of ["tcp://::1:2375", "https://fe80::1"]) {
    const error = assertThrows(() => parseEndpoint(address), TypeError);
    assertStringIncludes(error.message, '"tcp://[::1]:2375"');
  }
});

Deno.test("formatEndpoint() gives an address that parses to the same", () => {
  for (
    const address of [
      "unix:///a/b",
      "tcp://h:1",
      "https://[::1]:2",
      "ssh://u@h:3/s.sock",
      "ssh://h",
    ]
  ) {
    assertEquals(formatEndpoint(parseEndpoint(address)), address);
  }
});

Deno.test("hostPort() puts an IPv6 address into brackets, once", () => {
  for (
    const [hostname, expected] of [
      ["host", "host:1"],
      ["127.0.0.1", "127.0.0.1:1"],
      ["::1", "[::1]:1"],
      ["2001:db8::2", "[2001:db8::2]:1"],
      ["[::1]", "[::1]:1"],
    ] as const
  ) assertEquals(hostPort({ hostname, port: 1 }), expected);
});

Deno.test("parseEndpoint() shows no piece of a password, however it is written", () => {
  for (
    const address of [
      "tcp://u:hunter2@h:1",
      "tcp://u:hunter2@hunter2@h:1",
      "tcp://u:hunter2/hunter2@h:1",
      "tcp://u:hunter2#hunter2@h",
      "https://:hunter2@h",
      "ftp://u:hunter2@hunter2@h",
      "u:hunter2@h:2375",
    ]
  ) {
    const { message } = assertThrows(() => parseEndpoint(address), TypeError);
    assertFalse(message.includes("hunter2"), message);
  }
});

Deno.test("parseEndpoint() names a port that is none", () => {
  for (const address of ["tcp://h:99999", "ssh://[::1]:123456/s.sock"]) {
    const { message } = assertThrows(() => parseEndpoint(address), TypeError);
    assertStringIncludes(message, "its port is none");
  }
});

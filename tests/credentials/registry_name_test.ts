import { assertEquals } from "../support/assert.ts";
import {
  registryName,
  serverAddress,
} from "../../lib/credentials/registry_name.ts";

Deno.test("registryName() finds one spelling for each registry", () => {
  for (
    const [key, name] of [
      ["docker.io", "docker.io"],
      ["index.docker.io", "docker.io"],
      ["Index.Docker.IO", "docker.io"],
      ["registry-1.docker.io", "docker.io"],
      ["https://index.docker.io/v1/", "docker.io"],
      ["https://index.docker.io/v1", "docker.io"],
      ["https://registry-1.docker.io/v2/", "docker.io"],
      // These keys hold the tokens of docker's own login, not a registry's.
      ["https://index.docker.io/v1/access-token", undefined],
      ["https://index.docker.io/v1/refresh-token", undefined],
      // To docker this is a registry like any other.
      ["registry.hub.docker.com", "registry.hub.docker.com"],
      ["docker.io:443", "docker.io:443"],
      ["GHCR.io", "ghcr.io"],
      ["ghcr.io/team", "ghcr.io"],
      ["https://ghcr.io/v1/", "ghcr.io"],
      ["HTTP://ghcr.io", "ghcr.io"],
      ["localhost:5000", "localhost:5000"],
      ["https://host.example:8443/v2/", "host.example:8443"],
      ["[::1]:5000", "[::1]:5000"],
      ["https://[FE80::1]", "[fe80::1]"],
      ["registry", "registry"],
      ["my_registry:5000", "my_registry:5000"],
    ] as const
  ) assertEquals([key, registryName(key)], [key, name]);
});

Deno.test("registryName() takes nothing that could pass for another host", () => {
  for (
    const key of [
      "",
      "/",
      "https://",
      "https:///v2/",
      "*",
      "*.example",
      ".example",
      "example.",
      "good.example@bad.example",
      "https://user:pw@good.example/",
      "good.example?x",
      "good.example#x",
      "good.example\\x",
      "good.example\n",
      "good.example bad.example",
      "good.example:",
      "good.example:port",
      "good.example:123456",
      "ftp://good.example",
      "[::1",
      "göod.example",
    ]
  ) assertEquals([key, registryName(key)], [key, undefined]);
});

Deno.test("serverAddress() writes registries as docker's CLI does", () => {
  assertEquals(serverAddress("docker.io"), "https://index.docker.io/v1/");
  assertEquals(serverAddress("ghcr.io"), "ghcr.io");
  assertEquals(serverAddress("localhost:5000"), "localhost:5000");
});

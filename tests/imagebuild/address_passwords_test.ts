import { addressPasswords } from "../../lib/imagebuild/address_passwords.ts";
import { namedSources } from "../../lib/imagebuild/context/named_source.ts";
import {
  checkCacheFrom,
  checkCacheTo,
} from "../../lib/imagebuild/checks/cache.ts";
import { assertEquals } from "../support/assert.ts";

const TOKEN = "ghp_0123456789ab";

Deno.test("addressPasswords() finds what would be seen in the names of steps, and nothing else", () => {
  const found = addressPasswords({
    context: { kind: "remote", url: "https://me:hunter2%40home@h.example/x" },
    contexts: namedSources({
      token: `https://${TOKEN}@h.example/x.git`,
      user: `https://${TOKEN.slice(1)}@h.example/x.git`,
      file: "HTTP://me:pass@h.example/x.tar",
      short: "https://me:abc@h.example/x.tar",
      later: "https://h.example/a:bcde@f",
      ssh: "git@h.example:owner/name",
      image: "docker-image://busybox:1.36@sha256:" + "0".repeat(64),
      folder: "./https:/me:hunter3@h",
    }),
    cacheImports: checkCacheFrom([
      "type=gha,scope=one,url=https://me:from-cache@h.example/",
      "a:5000@sha256:" + "0".repeat(64),
    ]),
    cacheExports: checkCacheTo(
      "type=s3,bucket=b,endpoint_url=https://me:to-cache@h.example",
    ),
  });
  assertEquals(
    found.map(([name, password]) => [
      name,
      new TextDecoder().decode(password.reveal()),
    ]),
    [
      ["address of context", "hunter2%40home"],
      ["address of context", "hunter2@home"],
      ["address of token", TOKEN],
      ["address of file", "pass"],
      ["gha url", "from-cache"],
      ["s3 endpoint_url", "to-cache"],
    ],
  );
});

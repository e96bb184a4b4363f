import { decodeRegistryConfig } from "../../lib/credentials/header_decode.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { decodeBase64 } from "../support/base64.ts";
import type { AuthConfig } from "../../lib/credentials/auth_config.ts";
import {
  checkCredentials,
  registryAuthHeader,
  registryConfigHeader,
} from "../../lib/credentials/header.ts";
import { Login } from "../../lib/credentials/login.ts";

function decoded(header: string): unknown {
  assert(/^[\w-]+=*$/.test(header), header);
  return JSON.parse(
    new TextDecoder().decode(
      decodeBase64(header.replaceAll("-", "+").replaceAll("_", "/")),
    ),
  );
}

Deno.test("registryAuthHeader() carries one login, in the URL-safe alphabet", () => {
  assertEquals(registryAuthHeader(undefined), "e30=");
  const password = "päss:wörd ÿþ~~???>>>";
  const auth = btoa(
    String.fromCharCode(...new TextEncoder().encode(`me:${password}`)),
  );
  for (
    const [registry, config, expected] of [
      ["docker.io", { username: "me", password }, {
        username: "me",
        password,
        serveraddress: "https://index.docker.io/v1/",
      }],
      ["ghcr.io", { auth }, {
        username: "me",
        password,
        serveraddress: "ghcr.io",
      }],
      ["ghcr.io", { identitytoken: "t", serveraddress: "https://GHCR.io" }, {
        identitytoken: "t",
        serveraddress: "ghcr.io",
      }],
    ] as [string, AuthConfig, AuthConfig][]
  ) {
    assertEquals(
      decoded(registryAuthHeader(new Login(registry, config, "it"))),
      expected,
    );
  }
});

Deno.test("registryConfigHeader() spells its keys as the engine looks for them", () => {
  assertEquals(
    decoded(registryConfigHeader(
      checkCredentials({
        "docker.io": { username: "a", password: "b" },
        "HTTPS://Host.example:5000/v2/": { auth: btoa("c:d:e\0\0") },
      }).values(),
    )),
    {
      "https://index.docker.io/v1/": {
        username: "a",
        password: "b",
        serveraddress: "https://index.docker.io/v1/",
      },
      "host.example:5000": {
        username: "c",
        password: "d:e",
        serveraddress: "host.example:5000",
      },
    },
  );
});

Deno.test("credentials of no use are refused, without a value in the words", () => {
  const secret = "hunter2hunter2";
  for (
    const [credentials, words] of [
      [{ "a b": { password: secret } }, 'Cannot use credentials for "a b"'],
      [{ "*": { password: secret } }, 'Cannot use credentials for "*"'],
      [{ "a.io": { auth: secret } }, 'its "auth" is not base64'],
      [{ "a.io": { auth: btoa(secret) } }, 'its "auth" is not base64'],
      [{ "a.io": { auth: btoa(`:${secret}`) } }, 'its "auth" is not base64'],
      [{ "a.io": { password: [secret] } }, '"password" is not text'],
      [{ "a.io": secret }, "expected an object"],
      [{ "a.io": null }, "expected an object"],
      [
        { "a.io": { password: secret, serveraddress: "b.io" } },
        "names another registry",
      ],
      [
        { "docker.io": {}, "https://index.docker.io/v1/": {} },
        "under another spelling",
      ],
    ] as [Record<string, AuthConfig>, string][]
  ) {
    const error = assertThrows(
      () => checkCredentials(credentials),
      TypeError,
      words,
    );
    assert(!Deno.inspect(error).includes(secret));
    assert(!Deno.inspect(error).includes(btoa(secret)));
  }
});

Deno.test("decodeRegistryConfig() takes logins of texts and nothing else, and quotes none of it", () => {
  const json = (value: unknown) => btoa(JSON.stringify(value));
  const login = { username: "u", password: "hunter2" };
  assertEquals(decodeRegistryConfig(json({ "a.io": login })), {
    "a.io": login,
  });
  assertEquals(
    decodeRegistryConfig(
      json({ "a.io": { ...login, auth: "", identitytoken: null, other: 7 } }),
    ),
    { "a.io": login },
  );
  // In both alphabets.
  const signs = json({ "a.io": { password: "\u007f?~>>>???" } });
  const url = signs.replaceAll("+", "-").replaceAll("/", "_");
  assertEquals(decodeRegistryConfig(url), decodeRegistryConfig(signs));
  for (
    const header of [
      "hunter2!",
      btoa("hunter2"),
      btoa('{"a.io":{"password":"\xff"}}'),
      json(null),
      json([login]),
      json("hunter2"),
      json({ "a.io": null }),
      json({ "a.io": "hunter2" }),
      json({ "a.io": [login] }),
      ...["auth", "username", "password", "identitytoken", "registrytoken"]
        .flatMap((name) => [
          json({ "a.io": { [name]: 7 } }),
          json({ "a.io": { [name]: ["hunter2"] } }),
        ]),
    ]
  ) {
    const error = assertThrows(
      () => decodeRegistryConfig(header),
      TypeError,
      "not base64 of a JSON object of logins",
    );
    assert(!Deno.inspect(error).includes("hunter2"), header);
  }
});

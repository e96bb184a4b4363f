import { checkAuthConfig } from "../../lib/credentials/auth_config.ts";
import { CredentialError } from "../../lib/credentials/credential_error.ts";
import { checkCredentials } from "../../lib/credentials/header.ts";
import { Login } from "../../lib/credentials/login.ts";
import {
  registryName,
  serverAddress,
  serverHost,
} from "../../lib/credentials/registry_name.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { encodeBase64 } from "../support/base64.ts";

const FIELDS = [
  "username",
  "password",
  "auth",
  "serveraddress",
  "identitytoken",
  "registrytoken",
] as const;

Deno.test("checkAuthConfig() takes each field as text, and leaves out what is empty", () => {
  for (const field of FIELDS) {
    const value = field === "auth" ? btoa("u:p") : "text";
    const taken = field === "auth"
      ? { username: "u", password: "p" }
      : { [field]: "text" };
    assertEquals(checkAuthConfig("it", { [field]: value }), taken);
    for (const empty of ["", null, undefined]) {
      assertEquals(checkAuthConfig("it", { [field]: empty }), {});
    }
    for (const wrong of [7, 0, false, true, {}, ["text"]]) {
      assertThrows(
        () => checkAuthConfig("it", { [field]: wrong }),
        TypeError,
        `Cannot use it: "${field}" is not text`,
      );
    }
  }
  assertEquals(checkAuthConfig("it", { email: "x", other: 7 }), {});
  for (const wrong of ["text", 7, null, undefined, [], new Map()]) {
    const error = assertThrows(
      () => checkAuthConfig("it", wrong),
      TypeError,
      "Cannot use it: expected an object such as { username, password }",
    );
    assertEquals(error.message.includes("fromEntries"), wrong instanceof Map);
  }
});

Deno.test('checkAuthConfig() takes "auth" apart at its first colon, and goes by it', () => {
  const auth = (text: string) => encodeBase64(new TextEncoder().encode(text));
  for (
    const [text, username, password] of [
      ["u:p", "u", "p"],
      ["u:", "u", ""],
      ["u:p:q:", "u", "p:q:"],
      ["é:ü😀", "é", "ü😀"],
      ["u:\0p\0", "u", "p"],
      ["u:\0\0p\0q\0\0", "u", "p\0q"],
      ["u:\0", "u", ""],
      ["\ufeffu:\ufeffp", "\ufeffu", "\ufeffp"],
    ] as const
  ) {
    assertEquals(
      checkAuthConfig("it", {
        auth: auth(text),
        username: "other",
        password: "other",
        identitytoken: "kept",
      }),
      { username, password, identitytoken: "kept" },
    );
  }
  for (
    const wrong of ["%%%", btoa("up"), btoa(":p"), btoa(""), btoa("u:\xff")]
  ) {
    if (wrong === "") continue; // is none
    const error = assertThrows(
      () => checkAuthConfig("it", { auth: wrong }),
      TypeError,
      'its "auth" is not base64 of "username:password"',
    );
    assertEquals(error.cause, undefined);
  }
});

Deno.test("Login gives each user of it what it needs, and tells what must not be seen", () => {
  const text = (secret: { reveal(): Uint8Array } | undefined) =>
    secret && new TextDecoder("utf-8", { ignoreBOM: true })
      .decode(secret.reveal());
  const basic = encodeBase64(new TextEncoder().encode("ü:\ufeffp"));
  for (
    const [config, isEmpty, secrets, revealed, session] of [
      [{}, true, [], {}, ["", ""]],
      [{ username: "ü" }, true, [], { username: "ü" }, ["", ""]],
      [
        { username: "ü", password: "\ufeffp" },
        false,
        ["\ufeffp", basic],
        { username: "ü", password: "\ufeffp" },
        ["ü", "\ufeffp"],
      ],
      [
        { password: "p" },
        false,
        ["p", btoa(":p")],
        { password: "p" },
        ["", "p"],
      ],
      [
        { username: "u", identitytoken: "i" },
        false,
        ["i"],
        { username: "u", identitytoken: "i" },
        ["", "i"],
      ],
      [{ registrytoken: "r" }, false, ["r"], { registrytoken: "r" }, ["", ""]],
      [
        {
          username: "u",
          password: "p",
          identitytoken: "i",
          registrytoken: "r",
        },
        false,
        ["p", btoa("u:p"), "i", "r"],
        {
          username: "u",
          password: "p",
          identitytoken: "i",
          registrytoken: "r",
        },
        ["", "i"],
      ],
    ] as const
  ) {
    const login = new Login("a.io", config, "it");
    assertEquals(login.registry, "a.io");
    assertEquals(login.isEmpty, isEmpty);
    assertEquals(login.secrets().map(text), [...secrets]);
    assertEquals(login.reveal(), { ...revealed, serveraddress: "a.io" });
    const { username, secret } = login.forSession();
    assertEquals([username, secret], [...session]);
  }
  assertEquals(
    new Login("docker.io", {}, "it").reveal().serveraddress,
    "https://index.docker.io/v1/",
  );
  for (const serveraddress of ["a.io", "https://A.io/v2/"]) {
    new Login("a.io", { serveraddress }, "it");
  }
  for (const serveraddress of ["b.io", "a.io:443", "no host"]) {
    assertThrows(
      () => new Login("a.io", { serveraddress }, "it"),
      TypeError,
      'Cannot use it: its "serveraddress" names another registry',
    );
  }
});

Deno.test("registryName() takes ports of one to five digits, and hosts of one letter", () => {
  for (
    const [key, name] of [
      ["a", "a"],
      ["ab", "ab"],
      ["a-b", "a-b"],
      ["a.b_c", "a.b_c"],
      ["-a", undefined],
      ["a-", undefined],
      ["a:1", "a:1"],
      ["a:12345", "a:12345"],
      ["a:", undefined],
      ["a:123456", undefined],
      ["[::1]", "[::1]"],
      ["[::1]:5", "[::1]:5"],
      ["[]", undefined],
      ["docker.io/v1", "docker.io"],
      ["docker.io/v2/", "docker.io"],
      ["docker.io/", "docker.io"],
      ["docker.io/v3", undefined],
      ["docker.io/v1/x", undefined],
      ["a/b/c", "a"],
    ] as const
  ) assertEquals([key, registryName(key)], [key, name]);
  assertEquals(
    ["docker.io", "a.io:5000"].map((name) => [
      serverAddress(name),
      serverHost(name),
    ]),
    [
      ["https://index.docker.io/v1/", "registry-1.docker.io"],
      ["a.io:5000", "a.io:5000"],
    ],
  );
});

Deno.test("checkCredentials() tells what was expected", () => {
  for (
    const [given, words] of [
      [[], "expected an object of registries to logins"],
      [null, "expected an object of registries to logins"],
      [7, "expected an object of registries to logins"],
      [new Map(), "Object.fromEntries(map)"],
      [{ "a.io": "x" }, "they are given by registry"],
      [{ "a b": {} }, `for "a b": expected a registry's host`],
      [{ "A.io": {}, "a.io": {} }, '"a.io" has some already'],
      [{ "a.io": { password: 7 } }, 'the credentials for "a.io": "password"'],
    ] as const
  ) {
    assertThrows(
      () => checkCredentials(given as never),
      TypeError,
      words,
    );
  }
  const map = checkCredentials({ "B.io": {}, "docker.io": {} });
  assertEquals([...map.keys()], ["b.io", "docker.io"]);
  const error = new CredentialError("a.io", "words", { cause: 7 });
  assertEquals(
    [error.name, error.registry, error.message, error.cause],
    ["CredentialError", "a.io", "words", 7],
  );
});

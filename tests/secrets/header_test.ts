import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../support/assert.ts";
import { decodeBase64 } from "../support/base64.ts";
import {
  encodeSecretsHeader,
  fitsSecretsHeader,
  MAX_SECRETS_HEADER,
} from "../../lib/secrets/header.ts";
import {
  decodeSecretsHeader,
  SecretsHeaderError,
} from "../../lib/secrets/header_decode.ts";
import { Secret } from "../../lib/secrets/secret.ts";

function decoded(secrets: [string, Secret][]): unknown {
  return JSON.parse(
    new TextDecoder().decode(decodeBase64(encodeSecretsHeader(secrets))),
  );
}

Deno.test("encodeSecretsHeader() gives text as text and other bytes as base64", () => {
  assertEquals(
    encodeSecretsHeader([["a", new Secret("b")]]),
    btoa('{"a":"b"}'),
  );
  assertEquals(
    decoded([
      ["text", new Secret('ü "quoted"\n\ufeff')],
      ["mark", new Secret("\ufefffirst")],
      ["bytes", new Secret(Uint8Array.of(0xff, 0))],
      ["empty", new Secret("")],
    ]),
    {
      text: 'ü "quoted"\n\ufeff',
      mark: "\ufefffirst",
      bytes: { base64: "/wA=" },
      empty: "",
    },
  );
});

Deno.test("encodeSecretsHeader() takes any name", () => {
  const header = decoded([["__proto__", new Secret("x")], [
    "1",
    new Secret("y"),
  ]]);
  assertEquals(Object.entries(header as object).sort(), [["1", "y"], [
    "__proto__",
    "x",
  ]]);
});

Deno.test("fitsSecretsHeader() draws the line at 512 KiB of base64", () => {
  // {"a":"…"} is 8 characters around the value, and base64 makes 4 of 3.
  const largest = 512 * 1024 / 4 * 3 - 8;
  const fits = (length: number) =>
    fitsSecretsHeader([["a", new Secret("x".repeat(length))]]);
  assert(fits(largest));
  assertFalse(fits(largest + 1));
  assertFalse(fits(5_000_000));
});

Deno.test("encodeSecretsHeader() marks what may be seen, for those who read the mark", () => {
  const secrets: [string, Secret][] = [
    ["seen", new Secret("name", { visible: true })],
    ["hidden", new Secret("word")],
  ];
  assertEquals(decoded(secrets), { seen: "name", hidden: "word" });
  const header = encodeSecretsHeader(secrets, true);
  assertEquals(JSON.parse(atob(header)), {
    seen: { base64: "bmFtZQ==", visible: true },
    hidden: "word",
  });
  assertEquals(
    decodeSecretsHeader(header).map(([id, secret]) => [
      id,
      new TextDecoder().decode(secret.reveal()),
      secret.visible,
    ]),
    [["seen", "name", true], ["hidden", "word", false]],
  );
  for (const visible of [false, "true", 1]) {
    const json = JSON.stringify({ a: { base64: "bmFtZQ==", visible } });
    assertThrows(() => decodeSecretsHeader(btoa(json)), SecretsHeaderError);
  }
});

Deno.test("decodeSecretsHeader() takes a header of the longest length, and none that is longer", () => {
  // An object of one value, made so long that its base64 has the length.
  const header = (length: number) => {
    const json = JSON.stringify({ a: "" });
    const value = "x".repeat(length / 4 * 3 - json.length);
    return btoa(JSON.stringify({ a: value }));
  };
  const longest = header(MAX_SECRETS_HEADER);
  assertEquals(longest.length, MAX_SECRETS_HEADER);
  assertEquals(decodeSecretsHeader(longest).length, 1);
  for (const more of ["=", "=="]) {
    const error = assertThrows(
      () => decodeSecretsHeader(longest + more),
      SecretsHeaderError,
      `${MAX_SECRETS_HEADER} characters`,
    );
    assert(error.tooLong);
  }
});

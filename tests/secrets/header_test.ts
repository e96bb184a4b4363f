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
  // A mark needs room, too, where marks are written.
  const seen = new Secret("x".repeat(largest), { visible: true });
  assert(fitsSecretsHeader([["a", seen]]));
  assert(fitsSecretsHeader([["a", seen]], false));
  assertFalse(fitsSecretsHeader([["a", seen]], true));
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

Deno.test("decodeSecretsHeader() takes nothing that two readers could take for two things, and quotes none of it", () => {
  const value = "hunter2";
  const cases: [header: string, words: string][] = [
    ["hunter2", "not base64"],
    [btoa('{"a":"hunter22"}').replace(/=+$/, ""), "not base64"],
    [`${btoa('{"a":"hunter2"}')} `, "not base64"],
    [btoa('{"a":"hunter2"'), "not JSON"],
    [btoa('{"a":"\xff"}'), "not JSON"],
    [btoa("\xef\xbb\xbf{}"), "not JSON"],
    ...['["hunter2"]', '"hunter2"', "null", "7"].map((
      json,
    ): [string, string] => [btoa(json), "no JSON object"]),
    [btoa('{"a":"hunter2","a":"hunter2"}'), "twice"],
    [btoa('{"a":"x","b":{"base64":"aGk=","base64":"aGk="}}'), "twice"],
    [btoa('{"a":"x","\\u0061":"y"}'), "twice"],
    [btoa('{"a":{"base64":"aGk="},"a":"y"}'), "twice"],
    [btoa('{"":"hunter2"}'), "an id"],
    [btoa('{"a\\u0000":"hunter2"}'), "an id"],
    ...[
      "7",
      "null",
      '["hunter2"]',
      "{}",
      '{"base64":"hunter2"}',
      '{"base64":7}',
      '{"base64":"aGk=","hunter2":1}',
      '"\\ud800"',
    ].map((json): [string, string] => [btoa(`{"a":${json}}`), "neither text"]),
  ];
  for (const [header, words] of cases) {
    const error = assertThrows(
      () => decodeSecretsHeader(header),
      SecretsHeaderError,
      words,
      header,
    );
    assertFalse(error.tooLong);
    assertFalse(`${error.message} ${error.cause}`.includes(value), words);
  }
  // What is no key is not taken for one, and a key may stand in each object.
  const fine =
    '{"a":"{\\"a\\":1,\\"a\\":2}","b":{"base64":"aGk="},"c":{"base64":"aGk="}}';
  assertEquals(
    decodeSecretsHeader(btoa(fine)).map(([id, secret]) => [
      id,
      new TextDecoder().decode(secret.reveal()),
    ]),
    [["a", '{"a":1,"a":2}'], ["b", "hi"], ["c", "hi"]],
  );
  assertEquals(decodeSecretsHeader(btoa("{}")), []);
});

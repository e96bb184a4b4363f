import { inspect } from "node:util";
import { assertEquals, assertFalse, assertThrows } from "../support/assert.ts";
import { Secret } from "../../lib/secrets/secret.ts";

Deno.test("Secret prints as [secret] wherever it is printed", () => {
  const secret = new Secret("hunter2");
  for (
    const text of [
      String(secret),
      `${secret}`,
      secret + "",
      JSON.stringify(secret),
      Deno.inspect(secret),
      Deno.inspect({ deep: [secret] }),
      Deno.inspect(secret, { showHidden: true, depth: 9 }),
      inspect(secret),
      JSON.stringify({ secret }),
      new Error(`no ${secret}`).message,
    ]
  ) {
    assertFalse(text.includes("hunter2"), text);
    assertEquals(text.includes("[secret]"), true, text);
  }
});

Deno.test("Secret keeps a copy of its bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const secret = new Secret(bytes);
  bytes.fill(0);
  assertEquals(secret.reveal(), Uint8Array.of(1, 2, 3));
  assertEquals(secret.byteLength, 3);
  assertEquals(new Secret("ü").reveal(), Uint8Array.of(0xc3, 0xbc));
});

Deno.test("Secret takes text and bytes, and nothing that would become zeros", () => {
  for (const value of [undefined, null, 5, [1], {}] as unknown[]) {
    assertThrows(
      () => new Secret(value as string),
      TypeError,
      "expected text or bytes",
    );
  }
});

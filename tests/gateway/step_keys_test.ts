import { StepKeys } from "../../lib/gateway/step_keys.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

type Given = readonly (readonly [id: string, value: string | Uint8Array])[];

Deno.test("StepKeys gives the same key for the same secrets, and another for any others", async () => {
  const keys = await StepKeys.create();
  const of = async (given: Given, from = keys) =>
    (await from.of(given.map(([id, value]) => [id, new Secret(value)])))
      .extraHost;
  const first = await of([["a", "value"], ["b", "other"]]);
  assertMatch(first, /^[0-9a-f]{32}\.davit-gateway\.invalid:0\.0\.0\.0$/);
  assertEquals(await of([["b", "other"], ["a", "value"]]), first);
  const others = await Promise.all(
    ([
      [["a", "value"]],
      [["a", "value"], ["b", "other2"]],
      [["a", "other"], ["b", "value"]],
      [["a", "valueb"], ["b", "other"]],
      [["a", "value"], ["bo", "ther"]],
      [["av", "alue"], ["b", "other"]],
      [["a", "value"], ["b", "other"], ["c", ""]],
      [["a", "valuebother"]],
      [["a", "value\0b\0other"]],
      [["ab", "valueother"]],
      [["a", new Uint8Array([...new TextEncoder().encode("value"), 0])], [
        "b",
        "other",
      ]],
    ] as Given[]).map((given) => of(given)),
  );
  assertEquals(new Set([first, ...others]).size, others.length + 1);
  // Who knows the values does not know the key: it is another gateway's.
  const foreign = await of(
    [["a", "value"], ["b", "other"]],
    await StepKeys.create(),
  );
  assert(foreign !== first);
});

Deno.test("StepKeys names what others must not know: it is masked like a secret", async () => {
  const keys = await StepKeys.create();
  const { extraHost, secret } = await keys.of([["a", new Secret("value")]]);
  const name = new TextDecoder().decode(secret.reveal());
  assertEquals(name.length, 32);
  assert(extraHost.startsWith(`${name}.`));
});

Deno.test("the order of secrets makes no other key, also where one id begins another", async () => {
  const keys = await StepKeys.create();
  const secrets = [
    ["a", new Secret("one-of-them")],
    ["ab", new Secret("another")],
    ["", new Secret("without an id")],
  ] as const;
  const { extraHost } = await keys.of(secrets);
  for (const order of [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const other = await keys.of(order.map((at) => secrets[at]!));
    assertEquals(other.extraHost, extraHost);
  }
});

import { refuseStoredSecrets } from "../../lib/gateway/build_leaks.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const SECRET = "a-secret-value";
const { signal } = new AbortController();
const holds = (text: string) => text.includes(SECRET);
const search = (name: string, value: string) =>
  refuseStoredSecrets([["q", "1"], [name, value]], holds, signal);

Deno.test("a secret is found in each parameter that is stored, and in no other", async () => {
  for (
    const name of [
      "buildargs",
      "cachefrom",
      "extrahosts",
      "labels",
      "outputs",
      "remote",
      "t",
    ]
  ) {
    const { status } = await assertRejects(
      () => search(name, `x${SECRET}y`),
      Refusal,
      `the parameter ${name} holds the value of a secret`,
    );
    assertEquals(status, 400);
    await search(name, "harmless");
  }
  await search("target", SECRET);
});

Deno.test("a secret is found in JSON however it is written, as a key or a text, at any depth", async () => {
  const escaped = [...SECRET].map((one) =>
    `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`
  ).join("");
  for (
    const value of [
      `"${escaped}"`,
      `{"a":"${escaped}"}`,
      `{"${escaped}":null}`,
      `[1,null,true,{"a":["b",{"c":"${escaped}"}]}]`,
    ]
  ) {
    await assertRejects(() => search("labels", value), Refusal, "labels");
  }
  for (const value of ["null", "5", "[]", "{}", '"a"', `"${escaped}`]) {
    await search("labels", value);
  }
});

Deno.test("texts are looked through together, up to 32 KiB of them", async () => {
  for (const [length, searches] of [[12_759, 2], [12_758, 1]] as const) {
    const calls: string[] = [];
    await refuseStoredSecrets(
      [["labels", JSON.stringify(["a".repeat(length), "b".repeat(10_000)])]],
      (text) => {
        calls.push(text);
        return false;
      },
      signal,
    );
    assertEquals(calls.length, searches);
    // No text goes on in the next.
    assertEquals(calls.join("\0").split("\0").length, 5);
  }
  // Counting begins anew behind each search.
  for (const [length, searches] of [[32_744, 3], [32_743, 2]] as const) {
    let calls = 0;
    const texts = ["d", "a".repeat(length), "c".repeat(10), "b".repeat(10)];
    await refuseStoredSecrets(
      [["labels", JSON.stringify(texts)]],
      () => {
        calls++;
        return false;
      },
      signal,
    );
    assertEquals(calls, searches);
  }
  // A secret in the last of many is found.
  const many = Array.from({ length: 100 }, () => "c".repeat(1000));
  await assertRejects(
    () => search("labels", JSON.stringify([SECRET, ...many])),
    Refusal,
  );
  await assertRejects(
    () => search("labels", JSON.stringify([...many, SECRET])),
    Refusal,
  );
});

Deno.test("a search ends with its request", async () => {
  const reason = new Error("gone");
  const many = Array.from({ length: 200 }, () => "c".repeat(40_000));
  const stop = new AbortController();
  const searching = refuseStoredSecrets(
    [["labels", JSON.stringify(many)]],
    () => {
      stop.abort(reason);
      // Long enough for others to have their turn.
      const end = performance.now() + 50;
      while (performance.now() < end);
      return false;
    },
    stop.signal,
  );
  assertEquals(await assertRejects(() => searching), reason);
});

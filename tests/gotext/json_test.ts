import {
  byBytes,
  goJson,
  goJsonText,
  sortedObject,
} from "../../lib/gotext/json.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("JSON is escaped and sorted as Go does it", () => {
  assertEquals(
    goJson({ a: "<b>&\u2028\u2029\n" }),
    '{"a":"\\u003cb\\u003e\\u0026\\u2028\\u2029\\n"}',
  );
  assertEquals(goJson([1], 2), "[\n  1\n]");
  assertEquals(
    JSON.stringify(sortedObject(new Map([["b", 1], ["a", 2], ["c", 3]]))),
    '{"a":2,"b":1,"c":3}',
  );
  assertEquals(sortedObject(new Map()), undefined);
  // By bytes of UTF-8: U+FF01 is before U+1F600, whose UTF-16 begins lower.
  assertEquals(
    ["\u{1f600}", "b", "\uff01", "", "ab", "a"].sort(byBytes),
    ["", "a", "ab", "b", "\uff01", "\u{1f600}"],
  );
  assertEquals(goJsonText("<\ud83d"), '"\\u003c\ufffd"');
});

import { findRecord } from "../../lib/history/find.ts";
import { BuildHistoryError } from "../../lib/history/history_error.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { recordWith } from "./records.ts";

const RECORDS = ["abc", "abd", "ab", "xyz"].map((ref) => recordWith({ ref }));

Deno.test("a record is found by its id, the beginning of it, its place, and buildx's address", () => {
  for (
    const [ref, found] of [
      [undefined, "abc"],
      ["", "abc"],
      ["^0", "abc"],
      ["^3", "xyz"],
      ["abd", "abd"],
      // Whole, though others begin so.
      ["ab", "ab"],
      ["x", "xyz"],
      ["default/default/abd", "abd"],
      ["a/b/xy", "xyz"],
    ] as const
  ) assertEquals(findRecord(RECORDS, ref).ref, found, ref);
});

Deno.test("no record, or several, is an error that names what was asked for", () => {
  for (
    const [ref, message] of [
      ["^4", 'no record found for ref "^4"'],
      ["b", 'no record found for ref "b"'],
      ["abcd", 'no record found for ref "abcd"'],
      ["default/", 'no record found for ref "default/"'],
      ["^x", 'no record found for ref "^x"'],
      [
        "a",
        'several records begin with "a", such as abc and abd: give more of it',
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => findRecord(RECORDS, ref),
      BuildHistoryError,
    );
    assertEquals([error.name, error.message, error.ref], [
      "BuildHistoryError",
      message,
      ref,
    ]);
  }
  for (const ref of [undefined, "", "^0"]) {
    const error = assertThrows(() => findRecord([], ref), BuildHistoryError);
    assertEquals([error.message, error.ref], ["no records found", undefined]);
  }
});

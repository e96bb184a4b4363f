import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import {
  type AnswerFieldKind,
  checkAnswer,
  checkFields,
} from "../../lib/engine/fields.ts";
import { wireMessage } from "../../lib/engine/wire_message.ts";
import { errorText, messageError } from "../../lib/engine/message.ts";
import { ProtocolError } from "../../lib/errors.ts";

const VALUES: readonly unknown[] = [
  "",
  "text",
  0,
  1.5,
  true,
  false,
  {},
  { a: null },
  [],
  ["a"],
  ["a", 1],
  [{}],
  [{}, "a"],
  [{}, null],
  [[]],
  [["a", "b"]],
  [["a", "b"], ["a"]],
  [["a", "b", "c"]],
  [["a", 1]],
];

/** Which of {@linkcode VALUES} are of a kind, in JSON. */
const FITTING: Record<AnswerFieldKind, [words: string, fitting: unknown[]]> = {
  text: ["text", ["", "text"]],
  number: ["number", [0, 1.5]],
  flag: ["boolean", [true, false]],
  object: ["object", [{}, { a: null }]],
  objects: ["list of objects", [[], [{}]]],
  pairs: ["list of pairs of texts", [[], [["a", "b"]]]],
  texts: ["list of texts", [[], ["a"]]],
};

Deno.test("checkFields() knows each kind of field from every other", () => {
  for (const [kind, [words, fitting]] of Object.entries(FITTING)) {
    const fits = new Set(fitting.map((value) => JSON.stringify(value)));
    for (const value of VALUES) {
      const fields = { field: value };
      const check = () =>
        checkFields(fields, { field: kind as AnswerFieldKind }, "It");
      if (fits.has(JSON.stringify(value))) assertStrictEquals(check(), fields);
      else {
        assertThrows(
          check,
          ProtocolError,
          `It has a "field" that is no ${words}: is something between davit and the engine?`,
        );
      }
    }
  }
});

Deno.test("checkFields() leaves nulls out, and what nobody knows stays", () => {
  const given = { a: null, b: null, c: null, d: 1 };
  const kinds = { a: "text", b: "object", e: "text" } as const;
  assertEquals(checkFields(given, kinds, "It") as unknown, { c: null, d: 1 });
  assertEquals(given, { a: null, b: null, c: null, d: 1 });
});

Deno.test("checkAnswer() wants an object, or a list of them, with all that is required", () => {
  const fields = { a: "text" } as const;
  const object = { type: "object", fields, required: ["a", "b"] } as const;
  const list = { type: "list", fields, required: ["a", "b"] } as const;
  const whole = { a: "x", b: 0 };
  assertStrictEquals(checkAnswer(whole, object, "It"), whole);
  assertEquals(checkAnswer([whole, whole], list, "It"), [whole, whole]);
  assertEquals(checkAnswer(null, list, "It"), []);
  assertEquals(checkAnswer({}, { type: "object", fields }, "It"), {});
  const wrong = [
    [object, null, "It is no object: is something"],
    [object, [whole], "It is no object: is something"],
    [object, "x", "It is no object: is something"],
    [list, whole, "It is no list of objects: is something"],
    [list, "x", "It is no list of objects: is something"],
    [list, [whole, null], "It is no list of objects: is something"],
    [list, [whole, { a: "x" }], 'It has no "b": is something'],
    [object, { b: 1 }, 'It has no "a": is something'],
    [object, { a: null, b: 1 }, 'It has no "a": is something'],
    [object, { a: "x", b: null }, 'It has no "b": is something'],
    [object, { a: 5, b: 1 }, 'It has a "a" that is no text'],
  ] as const;
  for (const [shape, value, words] of wrong) {
    assertThrows(() => checkAnswer(value, shape, "It"), ProtocolError, words);
  }
});

Deno.test("wireMessage() takes objects alone, checks every field, and makes no message davit's own", () => {
  const whole = {
    id: "a",
    stream: "b",
    status: "c",
    progress: "d",
    progressDetail: { current: 1, total: 2, start: 3, units: "s", more: 1 },
    error: "e",
    errorDetail: { code: 1, message: "m", more: 1 },
    aux: [],
    more: null,
  };
  assertStrictEquals(wireMessage(whole), whole);
  assertEquals(
    wireMessage({
      id: null,
      progressDetail: { current: null, total: 2 },
      errorDetail: { code: null, message: "m" },
    }),
    { progressDetail: { total: 2 }, errorDetail: { message: "m" } },
  );
  assertEquals(wireMessage({ id: null, progressDetail: null }), {});
  assertEquals(wireMessage({ id: "davit.warning", stream: "x" }), {
    id: "engine:davit.warning",
    stream: "x",
  });
  assertEquals(wireMessage({ id: "davit" }), { id: "davit" });
  for (const value of [null, 5, "x", [whole], undefined]) {
    assertThrows(() => wireMessage(value), ProtocolError, "that is no object");
  }
  const wrong = [
    ...["id", "stream", "status", "progress", "error"].map((name) => [
      { [name]: 5 },
      `has a "${name}" that is no text`,
    ]),
    [{ progressDetail: "x" }, '"progressDetail" that is no object'],
    [{ errorDetail: [] }, '"errorDetail" that is no object'],
    ...["current", "total", "start"].map((name) => [
      { progressDetail: { [name]: "5" } },
      `"${name}" that is no number`,
    ]),
    [{ progressDetail: { units: 5 } }, '"units" that is no text'],
    [{ errorDetail: { code: "5" } }, '"code" that is no number'],
    [{ errorDetail: { message: 5 } }, '"message" that is no text'],
  ] as [unknown, string][];
  for (const [value, words] of wrong) {
    assertThrows(
      () => wireMessage(value),
      ProtocolError,
      `A message in the engine's answer has a ${words.replace(/^has a /, "")}`,
    );
  }
});

Deno.test("an error in a message is told by its parts, else by its text, and has the code of its step", () => {
  const cases = [
    [{}, undefined, undefined],
    [{ stream: "x" }, undefined, undefined],
    [{ error: "a" }, "a", 200],
    [{ error: "" }, "no reason given", 200],
    [{ errorDetail: {} }, "no reason given", 200],
    [{ errorDetail: { message: "b", code: 7 } }, "b", 7],
    [{ error: "a", errorDetail: { message: "b" } }, "b", 200],
    [{ error: "a", errorDetail: { message: "", code: 0 } }, "a", 0],
  ] as const;
  for (const [message, text, status] of cases) {
    assertEquals(errorText(message), text);
    const error = messageError(message, "PUT", "/x");
    assertEquals(error?.status, status);
    assertEquals(error?.detail, text);
    if (error === undefined) continue;
    assertEquals([error.method, error.path], ["PUT", "/x"]);
  }
});

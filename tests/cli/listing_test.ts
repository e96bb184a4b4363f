import { cacheFilterFlag } from "../../lib/cli/cache_filter_flag.ts";
import { FlagError, UsageError } from "../../lib/cli/exit.ts";
import { goTemplate, unescaped } from "../../lib/cli/go_template.ts";
import { listingText } from "../../lib/cli/listing.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("filters of --filter are read as docker's command reads them", () => {
  assertEquals(
    cacheFilterFlag("prune", [" Type = a=b ", "type=a=b", "id=x", "shared="]),
    { type: ["a=b"], id: ["x"], shared: [""] },
  );
  for (const word of ["type", ""]) {
    const { message, exitCode } = assertThrows(
      () => cacheFilterFlag("prune", [word]),
      FlagError,
    );
    assertEquals([message, exitCode], [
      `invalid argument "${word}" for "--filter": expected KEY=VALUE`,
      125,
    ]);
  }
  const { message } = assertThrows(
    () => cacheFilterFlag("prune", ["type=a", "type=b"]),
    TypeError,
  );
  assertEquals(message, 'Cannot prune: filter "type" takes one value');
});

Deno.test("a template names values, and what davit does not know of Go's is refused", () => {
  const values = {
    A: "a<b",
    B: { C: 1, D: [1, "x"] },
    E: undefined,
    F: false,
  };
  const known = ["A", "B", "E", "F"];
  for (
    const [text, expected] of [
      ["plain", "plain"],
      ["{{.A}} {{ .B.C }}{{- .F -}}", "a<b 1false"],
      ["{{upper .A}}{{lower .A}}", "A<Ba<b"],
      ["{{json .A}} {{json .B}}", '"a\\u003cb" {"C":1,"D":[1,"x"]}'],
      ["{{.B.D}} {{.B}} {{.E}}|{{.A.x}}", "[1 x] {1 [1 x]} |"],
      ["{{json .E}}{{json .B.none}}", "nullnull"],
      ["{{.B.toString}}", ""],
      [
        "{{json .}}",
        '{"A":"a\\u003cb","B":{"C":1,"D":[1,"x"]},"F":false}',
      ],
    ] as const
  ) assertEquals(goTemplate(text, known)(values), expected, text);
  assertEquals(unescaped(String.raw`a\tb\nc`), "a\tb\nc");
  for (const text of ["{{range .A}}", "{{.A", "a}}", "{{len .A}}"]) {
    const { message } = assertThrows(
      () => goTemplate(text, known),
      UsageError,
    );
    assertEquals(
      message,
      `template parsing error in --format ${
        JSON.stringify(text)
      }: davit knows {{.Name}} and {{json .}}; --format json has everything`,
    );
  }
  const { message } = assertThrows(
    () => goTemplate("{{.A}}{{.Nope.A}}", ["A", "B"]),
    UsageError,
  );
  assertEquals(
    message,
    "template error in --format: there is no .Nope.A; expected one of .A, .B",
  );
});

Deno.test("a list is a table, lines by a template, or lines of JSON", () => {
  const list = (format: string, items = ["a", "b"]) =>
    listingText(items, {
      format,
      table: "{{.Name}}\t{{.Size}}",
      headers: { Name: "NAME", Size: "SIZE" },
      values: (item, inTable) => ({
        Name: inTable ? `${item}*` : item,
        Size: 1,
      }),
    });
  assertEquals(
    list("table"),
    "NAME      SIZE\na*        1\nb*        1\n",
  );
  assertEquals(list("table", []), "NAME      SIZE\n");
  assertEquals(
    list(String.raw`table {{.Size}}\t{{.Name}}`),
    "SIZE      NAME\n1         a*\n1         b*\n",
  );
  assertEquals(list("{{.Name}}"), "a\nb\n");
  assertEquals(list("json"), '{"Name":"a","Size":1}\n{"Name":"b","Size":1}\n');
  assertEquals(list("json", []), "");
  assertEquals(
    listingText(["a"], {
      format: "json",
      table: "",
      headers: {},
      values: () => ({}),
      json: (item) => ({ x: item }),
    }),
    '{"x":"a"}\n',
  );
});

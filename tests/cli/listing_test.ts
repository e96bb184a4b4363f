import { cacheFilterFlag } from "../../lib/cli/cache_filter_flag.ts";
import { FlagError, UsageError } from "../../lib/cli/exit.ts";
import { goTemplate, unescaped } from "../../lib/cli/go_template.ts";
import {
  buildDuration,
  humanDuration,
  humanSize,
} from "../../lib/gotext/units.ts";
import { listingText } from "../../lib/cli/listing.ts";
import { LIST, TABLE, tabText } from "../../lib/gotext/tabwriter.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("tabText() makes columns as Go's tabwriter does", () => {
  for (
    const [text, options, expected] of [
      ["", LIST, ""],
      ["a\n", LIST, "a\n"],
      // At least ten, and three behind the longest.
      ["A\tB\nlong name\tx\n", TABLE, "A           B\nlong name   x\n"],
      ["A\tB\nname\tx\n", TABLE, "A         B\nname      x\n"],
      ["A\t\n", TABLE, "A         \n"],
      // Characters, not bytes.
      ["äöü\tB\n", TABLE, "äöü       B\n"],
      // Tabs to the next eighth, and one blank at the least.
      ["Name:\tapp\nContext:\t.\n", LIST, "Name:\t\tapp\nContext:\t.\n"],
      ["1234567\tx\n", LIST, "1234567\tx\n"],
      ["12345678\tx\ny\tz\n", LIST, "12345678\tx\ny\t\tz\n"],
      // A line without a cell ends the column.
      ["1234567890\tx\nplain\ny\tz\n", LIST, "1234567890\tx\nplain\ny\tz\n"],
      // So does one with fewer cells, for those behind.
      [
        "a\tbbbbbbbbbb\tc\nd\te\nf\tg\th\n",
        LIST,
        "a\tbbbbbbbbbb\tc\nd\te\nf\tg\th\n",
      ],
      ["a\tbbbbbbbb\tc\nd\te\tf\n", LIST, "a\tbbbbbbbb\tc\nd\te\t\tf\n"],
    ] as const
  ) assertEquals(tabText(text, options), expected, JSON.stringify(text));
});

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

Deno.test("sizes and times are worded as docker's commands word them", () => {
  const sizes: Record<string, number> = {
    "0B": 0,
    "999B": 999,
    "1kB": 1000,
    "1.5kB": 1500,
    "1.235MB": 1_234_567,
    "123.5MB": 123_456_789,
    "1000kB": 999_999,
    "1GB": 1e9,
    "2TB": 2e12,
    "1000YB": 1e27,
  };
  for (const [text, bytes] of Object.entries(sizes)) {
    assertEquals(humanSize(bytes), text);
  }
  const [s, m, h] = [1e3, 60e3, 3600e3];
  const durations: [ms: number, text: string][] = [
    [0, "Less than a second"],
    [999, "Less than a second"],
    [s, "1 second"],
    [2 * s, "2 seconds"],
    [59.9 * s, "59 seconds"],
    [m, "About a minute"],
    [2 * m, "2 minutes"],
    [59.9 * m, "59 minutes"],
    [h, "About an hour"],
    [1.4 * h, "About an hour"],
    [1.5 * h, "2 hours"],
    [47.4 * h, "47 hours"],
    [48 * h, "2 days"],
    [13.9 * 24 * h, "13 days"],
    [14 * 24 * h, "2 weeks"],
    [59 * 24 * h, "8 weeks"],
    [60 * 24 * h, "2 months"],
    [729 * 24 * h, "24 months"],
    [730 * 24 * h, "2 years"],
  ];
  for (const [ms, text] of durations) assertEquals(humanDuration(ms), text);
  assertEquals(
    [0, 59_900, 59_949, 60_000, 125_900, 3_600_000].map(buildDuration),
    [
      "0.0s",
      "59.9s",
      "59.9s",
      "1m  0s",
      "2m  5s",
      "60m  0s",
    ],
  );
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

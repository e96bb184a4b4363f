import { LIST, TABLE, tabText } from "../../lib/gotext/tabwriter.ts";
import { assertEquals } from "../support/assert.ts";

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

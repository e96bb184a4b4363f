import { FileTable } from "../../lib/fsutil/file_table.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Random } from "../support/random.ts";

Deno.test("FileTable gives back every path and length, once", () => {
  const random = new Random(7);
  const letters = ["a", "é", "日", "😀", " ", "\n", "x".repeat(80)];
  const table = new FileTable();
  const paths: (string | undefined)[] = [];
  const part = () =>
    Array.from({ length: 1 + random.below(3) }, () => random.pick(letters))
      .join("");
  /** In the order of a walk: a folder, then all that is in it. */
  const fill = (prefix: string, depth: number) => {
    for (let count = 0; count < 12; count++) {
      const path = `${prefix}${part()}-${count}`;
      const isFile = depth === 3 || random.below(3) > 0;
      table.add(isFile ? path : undefined, paths.length * 1e9);
      paths.push(isFile ? path : undefined);
      if (!isFile) fill(`${path}/`, depth + 1);
    }
  };
  fill("", 0);
  const long = `${"p/".repeat(500)}${"y".repeat(255)}`;
  for (let count = 0; count < 3000; count++) {
    table.add(`${long}${count}`, 1);
    paths.push(`${long}${count}`);
  }
  assert(paths.length > 3000);
  for (const id of [...paths.keys()].sort(() => random.below(3) - 1)) {
    const path = paths[id];
    assertEquals(table.ask(id), path !== undefined);
    if (path === undefined) continue;
    assertEquals(table.take(id).path, path);
    assert(!table.ask(id));
  }
  assert(!table.ask(paths.length));
  assert(!table.ask(2 ** 32 - 1));
});

Deno.test("FileTable keeps lengths of any size", () => {
  const table = new FileTable();
  table.add("a", 2 ** 50 + 1);
  table.add("b", 0);
  assert(table.ask(0) && table.ask(1));
  assertEquals(table.take(1), { path: "b", size: 0 });
  assertEquals(table.take(0), { path: "a", size: 2 ** 50 + 1 });
});

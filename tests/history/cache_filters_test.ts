import {
  type BuildCacheFilters,
  cacheFilters,
} from "../../lib/history/cache_filters.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("filters of the cache become containerd's, one for all of them", () => {
  const cases: [given: BuildCacheFilters, filter: string, age?: number][] = [
    [{}, ""],
    [{ type: ["source.local"] }, "type==source.local"],
    [{ "type!": ["regular"] }, "type!=regular"],
    [{ id: ["^a"] }, 'id~="^a"'],
    [{ id: ["abc"], inuse: ["true"] }, "id~=abc,inuse"],
    [{ "id!": ["abc"] }, "id!=abc"],
    [{ "id~": ["abc"] }, "id~=abc"],
    [{ description: ['a "b", c'] }, String.raw`description=="a \"b\", c"`],
    [{ "description~": ["COPY .*"] }, 'description~="COPY .*"'],
    [{ parent: ["x"] }, "parents==x"],
    [{ parents: ["x"] }, "parents==x"],
    [{ shared: [] }, "shared"],
    [
      { private: [""], mutable: ["1"], immutable: ["true"] },
      "private,mutable,immutable",
    ],
    [{ until: ["24h"] }, "", 86_400e9],
    [{ "unused-for": ["1s"], type: ["regular"] }, "type==regular", 1e9],
  ];
  for (const [given, filter, age = 0] of cases) {
    assertEquals(cacheFilters("prune", given), { filter: [filter], age });
  }
});

Deno.test("a filter of the cache that is none is refused, with what is known", () => {
  for (
    const [given, message] of [
      [
        { typ: ["x"] },
        'filter "typ" is none of until, description, id, parents, type, immutable, inuse, mutable, private, shared',
      ],
      [
        { "inuse~": ["x"] },
        'filter "inuse~" is none of until, description, id, parents, type, immutable, inuse, mutable, private, shared',
      ],
      [
        { "until!": ["1h"] },
        'filter "until!" is none of until, description, id, parents, type, immutable, inuse, mutable, private, shared',
      ],
      [{ type: ["a", "b"] }, 'filter "type" takes one value'],
      [{ type: "a" as never }, 'filter "type" takes an array of one text'],
      [{ type: [5 as never] }, 'filter "type" takes an array of one text'],
      [{ until: ["1d"] }, 'filter "until" expects a duration, as 24h'],
      [{ until: [] }, 'filter "until" expects a duration, as 24h'],
      [
        { until: ["0"], "unused-for": ["1h"] },
        'filter "unused-for" stands beside "until"',
      ],
      [{ shared: ["false"] }, 'filter "shared" takes only true'],
    ] as [BuildCacheFilters, string][]
  ) {
    const error = assertThrows(() => cacheFilters("prune", given), TypeError);
    assertEquals(error.message, `Cannot prune: ${message}`);
  }
});

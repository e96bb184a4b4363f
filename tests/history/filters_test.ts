import { historyFilters } from "../../lib/history/filters.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { at, recordWith } from "./records.ts";

/** Now: 1,000 seconds after 1970. */
const NOW = 1_000_000;

const RECORDS = [
  recordWith({ ref: "running", createdAt: at(990) }),
  recordWith({
    ref: "done",
    createdAt: at(100, 100_000_000),
    completedAt: at(160, 600_000_000),
    frontendAttrs: new Map([["vcs:source", "https://git.example/app.git"]]),
  }),
  recordWith({
    ref: "failed",
    createdAt: at(400),
    completedAt: at(401),
    error: { code: 2, message: "exit code: 1", details: [] },
    frontendAttrs: new Map([
      ["context", "https://git.example/other.git?x=1#main"],
    ]),
  }),
  recordWith({
    ref: "stopped",
    createdAt: at(700),
    completedAt: at(1_000),
    error: { code: 2, message: "x: context canceled", details: [] },
    frontendAttrs: new Map([["context", "github.com/a/b#c"]]),
  }),
  recordWith({
    ref: "cancelled",
    createdAt: at(700),
    completedAt: at(1_000),
    error: { code: 1, message: "given up", details: [] },
    frontendAttrs: new Map([["context", "a folder"]]),
  }),
];

function fitting(...filters: string[]): string {
  const fits = historyFilters(filters, NOW);
  return RECORDS.filter(fits).map(({ ref }) => ref).join(" ");
}

Deno.test("filters choose records by buildx's words", () => {
  const cases: [filters: string[], refs: string][] = [
    [[], "running done failed stopped cancelled"],
    [["ref=e"], "done failed stopped cancelled"],
    [["ref=done"], "done"],
    [["ref!=done"], "running failed stopped cancelled"],
    [["ref!=don"], "running done failed stopped cancelled"],
    [["status=running"], "running"],
    [["status=completed"], "done"],
    [["status=error"], "failed"],
    [["status=canceled"], "stopped cancelled"],
    // A status is compared as a whole.
    [["status=err"], ""],
    [["status!=error"], "running done stopped cancelled"],
    [["repository=git.example"], "done failed"],
    [["repository=https://git.example/other.git"], "failed"],
    [
      ["repository!=https://git.example/other.git"],
      "running done stopped cancelled",
    ],
    [["repository!=https://github.com/a/b"], "running done failed cancelled"],
    [["repository=main"], ""],
    [["repository=folder"], ""],
    // Later than, and not earlier than.
    [["startedAt>10m"], "running stopped cancelled"],
    [["startedAt>=10m"], "running failed stopped cancelled"],
    [["startedAt<10m"], "done"],
    [["startedAt<=10m"], "done failed"],
    [["startedAt>1970-01-01T00:06:40Z"], "running stopped cancelled"],
    [
      ["startedAt>=1970-01-01T01:06:40+01:00"],
      "running failed stopped cancelled",
    ],
    // What runs has not ended: its end counts as 1970.
    [["completedAt>0"], ""],
    [["completedAt>=0"], "stopped cancelled"],
    [["completedAt<10m"], "running done"],
    [["duration>60s"], "done stopped cancelled"],
    [["duration>60.5s"], "stopped cancelled"],
    [["duration>=60.5s"], "done stopped cancelled"],
    [["duration<=1s"], "running failed"],
    [["duration<1s"], "running"],
    [["status!=running", "duration<2m"], "done failed"],
  ];
  for (const [filters, refs] of cases) {
    assertEquals(fitting(...filters), refs, filters.join(" "));
  }
});

Deno.test("a filter that is none is refused, with what is expected", () => {
  for (
    const [filter, why] of [
      ["status", "expected KEY=VALUE, as status=error"],
      ["", "expected KEY=VALUE, as status=error"],
      [
        "state=error",
        "it begins with none of ref, repository, status, startedAt, completedAt and duration",
      ],
      ["status>error", "expected = or !="],
      ["startedAt=24h", "expected <, <=, > or >="],
      ["duration!=1s", "expected <, <=, > or >="],
      [
        "completedAt<soon",
        '"soon" is no time, as 24h or 2025-12-31T12:00:00Z',
      ],
      [
        "completedAt<2025-12-31",
        '"2025-12-31" is no time, as 24h or 2025-12-31T12:00:00Z',
      ],
      ["duration<1", '"1" is no duration, as 90s'],
    ] as const
  ) {
    const { message } = assertThrows(() => fitting(filter), TypeError);
    assertEquals(
      message,
      `Cannot list builds: filter ${JSON.stringify(filter)}: ${why}`,
    );
  }
});

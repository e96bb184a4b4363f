import type { NodeState } from "../../lib/builder/buildx_nodes.ts";
import type { ListedBuilder } from "../../lib/buildx/builders.ts";
import type { BuildxNode } from "../../lib/buildx/instance.ts";
import { inspection } from "../../lib/cli/builder_inspect_text.ts";
import {
  builderJson,
  buildersText,
  failures,
} from "../../lib/cli/builder_ls_text.ts";
import { type ShownBuilder, withPods } from "../../lib/cli/shown_builder.ts";
import { parsePlatform } from "../../lib/platforms/platform.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const NODE: BuildxNode = {
  name: "n0",
  endpoint: "e",
  platforms: undefined,
  driverOpts: undefined,
  flags: undefined,
  files: undefined,
};

/** The lines of a table. */
function buildersTable(
  shown: readonly ShownBuilder[],
  broken: Parameters<typeof buildersText>[1],
  isWhole: boolean,
): string[] {
  return buildersText(shown, broken, { format: "table", isWhole })
    .split("\n").slice(0, -1);
}

function shown(
  states: readonly Partial<NodeState>[],
  more: Partial<ListedBuilder> = {},
  isCurrent = false,
): ShownBuilder {
  return {
    builder: {
      name: "b",
      driver: "remote",
      nodes: [],
      dynamic: false,
      isContext: false,
      lastActivity: undefined,
      ...more,
    },
    states: states.map((state) => ({
      node: NODE,
      status: "running",
      error: undefined,
      version: undefined,
      workers: [],
      ...state,
    })),
    isCurrent,
  };
}

/** A node that runs these platforms, with some that its file names. */
function platforms(
  words: string,
  named: readonly string[] = [],
): Partial<NodeState> {
  return {
    node: {
      ...NODE,
      platforms: named.length === 0 ? undefined : named.map(parsePlatform),
    },
    workers: [{
      id: "w",
      labels: new Map(),
      platforms: words.split(" ").filter(Boolean),
      gcPolicy: [],
    }],
  };
}

function lastColumn(state: Partial<NodeState>, isWhole = false): string {
  const lines = buildersTable([shown([state])], [], isWhole);
  return lines[2]!.slice(lines[0]!.indexOf("PLATFORMS"));
}

Deno.test("a table names four kinds of processors, known ones first, and counts the others", () => {
  for (
    const [words, named, expected] of [
      ["linux/amd64 linux/386", [], "linux/amd64, linux/386"],
      [
        "linux/amd64 linux/amd64/v2 linux/amd64/v3 linux/386",
        [],
        "linux/amd64 (+3), linux/386",
      ],
      ["linux/amd64 linux/arm64", ["linux/arm64"], "linux/amd64, linux/arm64*"],
      ["", ["linux/arm64", "linux/arm/v7"], "linux/arm64*, linux/arm/v7*"],
      [
        "linux/arm64",
        ["linux/arm/v7", "linux/arm/v6"],
        "linux/arm64, linux/arm* (+2)",
      ],
      [
        "linux/386 linux/mips64 linux/riscv64 linux/s390x linux/ppc64le linux/arm64 linux/amd64",
        [],
        "linux/amd64, linux/arm64, linux/ppc64le, linux/s390x, (3 more)",
      ],
    ] as const
  ) {
    assertEquals(lastColumn(platforms(words, named)), expected);
  }
  assertEquals(
    lastColumn(
      platforms("linux/amd64 linux/amd64/v2 linux/386", ["linux/amd64"]),
      true,
    ),
    "linux/amd64*, linux/amd64/v2, linux/386",
  );
});

Deno.test("what can't be shown stands at the end of the table, and why below it", () => {
  const ill = shown(
    [
      { status: undefined, error: new Error("no way") },
      { status: "stopped", version: "v1" },
    ],
    {},
    true,
  );
  const broken = { name: "x", error: new Error("is not JSON") };
  assertEquals(
    buildersTable([ill], [broken], false).map((line) => line.trimEnd()),
    [
      "NAME/NODE   DRIVER/ENDPOINT   STATUS    BUILDKIT   PLATFORMS",
      "b*          remote",
      " \\_ n0       \\_ e             error",
      " \\_ n0       \\_ e             stopped   v1",
      "x                             error",
    ],
  );
  assertEquals(failures([ill], [broken]), [
    "Failed to get status for b (n0): no way",
    "Cannot load builder x: is not JSON",
  ]);
  assertEquals(failures([shown([{}])], []), []);
});

const encoder = new TextEncoder();

const FULL: Partial<NodeState> = {
  node: {
    ...NODE,
    driverOpts: { z: "1", image: 'a"b' },
    flags: ["--debug", "-x"],
    files: {
      "buildkitd.toml": encoder.encode("a\nb\u001b[2J"),
      "certs/r/key.pem": encoder.encode(
        "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n",
      ),
    },
  },
  version: "v0.25",
  workers: [{
    id: "w2",
    labels: new Map([["b", "2"], ["a", "1"]]),
    platforms: ["linux/amd64"],
    gcPolicy: [{
      all: true,
      filters: ["type==regular", "x"],
      keepDuration: 3600e9,
      reservedSpace: 1024,
      maxUsedSpace: 0,
      minFreeSpace: 1536 * 1024 ** 2,
    }],
  }, {
    id: "w1",
    labels: new Map(),
    platforms: ["linux/arm64"],
    gcPolicy: [],
  }],
};

Deno.test("an inspection has all that is known of each node, in buildx's columns", () => {
  assertEquals(
    inspection(shown([FULL, { status: undefined, error: new Error("no") }], {
      lastActivity: new Date("2026-01-02T03:04:05.678Z"),
    })),
    [
      "Name:          b",
      "Driver:        remote",
      "Last Activity: 2026-01-02 03:04:05.678 +0000 UTC",
      "",
      "Nodes:",
      "Name:                  n0",
      "Endpoint:              e",
      'Driver Options:        image="a\\"b" z="1"',
      "Status:                running",
      "BuildKit daemon flags: --debug -x",
      "BuildKit version:      v0.25",
      "Platforms:             linux/amd64, linux/arm64",
      "Labels:",
      " a: 1",
      " b: 2",
      "GC Policy rule#0:",
      " All:            true",
      " Filters:        type==regular x",
      " Keep Duration:  1h0m0s",
      " Reserved Space: 1KiB",
      " Min Free Space: 1.5GiB",
      "File#buildkitd.toml:",
      " > a",
      " > b",
      "File#certs/r/key.pem:",
      " > (a private key)",
      "",
      "Name:     n0",
      "Endpoint: e",
      "Error:    no",
    ],
  );
});

Deno.test("a builder as JSON leaves out what says nothing", () => {
  const date = new Date("2026-01-02T03:04:05.678Z");
  assertEquals(builderJson(shown([FULL], { lastActivity: date }, true)), {
    Current: true,
    Driver: "remote",
    Dynamic: false,
    LastActivity: "2026-01-02T03:04:05Z",
    Name: "b",
    Nodes: [{
      DriverOpts: { z: "1", image: 'a"b' },
      Endpoint: "e",
      // In base64, as Go has bytes.
      Files: { "buildkitd.toml": "YQpiG1sySg==" },
      Flags: ["--debug", "-x"],
      GCPolicy: [{
        all: true,
        filter: ["type==regular", "x"],
        keepDuration: 3600e9,
        maxUsedSpace: 0,
        minFreeSpace: 1536 * 1024 ** 2,
        reservedSpace: 1024,
      }],
      IDs: ["w1", "w2"],
      Labels: { a: "1", b: "2" },
      Name: "n0",
      Platforms: ["linux/amd64", "linux/arm64"],
      Status: "running",
      Version: "v0.25",
    }],
  });
  const nothing = { status: undefined, error: new Error("no") };
  assertEquals(builderJson(shown([nothing])).Nodes, [
    { Endpoint: "e", Err: "no", Name: "n0", Status: "error" },
  ]);
  assertEquals(builderJson(shown([])).LastActivity, "0001-01-01T00:00:00Z");
  assertEquals(
    (builderJson(shown([platforms("linux/amd64", ["linux/arm64"])]))
      .Nodes as { Platforms: string[] }[])[0]!.Platforms,
    ["linux/arm64", "linux/amd64"],
  );
});

Deno.test("each pod of a builder in a cluster is a row of its node, with its own platforms if it says so", () => {
  const pod = (...words: string[]) => ({
    name: "p",
    namespace: "ns",
    container: "c",
    platforms: words.map(parsePlatform),
  });
  const node = {
    ...platforms("linux/amd64"),
    pods: [pod("linux/arm64", "linux/arm/v7"), pod()],
  };
  const rows = (states: readonly Partial<NodeState>[]) => {
    const all = withPods(shown(states));
    return [
      all.builder.dynamic,
      ...buildersTable([all], [], true).slice(2).map((line) =>
        line.replace(/ +/g, " ").trim()
      ),
    ];
  };
  assertEquals(rows([node]), [
    true,
    "\\_ n0 \\_ e running linux/arm64, linux/arm/v7",
    "\\_ n0 \\_ e running linux/amd64",
  ]);
  // With a node that has none that runs, the nodes of the file are shown.
  assertEquals(rows([node, { ...node, status: "stopped", pods: [] }]), [
    false,
    "\\_ n0 \\_ e running linux/amd64",
    "\\_ n0 \\_ e stopped linux/amd64",
  ]);
  assertEquals(rows([platforms("linux/amd64")])[0], false);
});

Deno.test("a template writes a line for each builder and each node, with what it names", () => {
  const lastActivity = new Date("2026-01-02T03:04:05.678Z");
  const all = [
    shown([platforms("linux/amd64 linux/386"), { error: new Error("gone") }], {
      lastActivity,
    }, true),
  ];
  const broken = [{ name: "bad", error: new Error("no JSON") }];
  const by = (format: string) =>
    buildersText(all, broken, { format, isWhole: false });
  assertEquals(
    by("{{.Name}} {{.DriverEndpoint}} {{.LastActivity}} {{.Status}}"),
    "b remote 2026-01-02T03:04:05Z \nn0 e  running\nn0 e  running\nbad   error\n",
  );
  assertEquals(
    by("{{.Platforms}}|{{.Error}}"),
    "|\nlinux/amd64, linux/386|\n|gone\n|no JSON\n",
  );
  assertEquals(
    by("table {{.Name}}\\t{{.LastActivity}}"),
    "NAME/NODE   LAST ACTIVITY\nb*          2026-01-02T03:04:05Z\n \\_ n0      \n \\_ n0      \nbad         \n",
  );
  // For each row what buildx has of the whole builder.
  const [one, ...others] = by("{{json .}}").trim().split("\n");
  assertEquals(JSON.parse(one!).Name, "b");
  assertEquals(others, [one, one]);
  assertThrows(() => by("{{.Nodes}}"), Error, "there is no .Nodes");
});

Deno.test("a terminal obeys nothing that a daemon says of itself, and odd platforms are shown as they are", () => {
  const evil = "\x1b]0;owned\x07\x1b[2Jx\ty\nz";
  const state: Partial<NodeState> = {
    version: evil,
    workers: [{
      id: "w",
      labels: new Map([[evil, evil]]),
      platforms: ["linux/amd64", "linux/../..", evil, ""],
      gcPolicy: [{
        all: true,
        filters: [evil],
        keepDuration: 0,
        reservedSpace: 0,
        maxUsedSpace: 0,
        minFreeSpace: 0,
      }],
    }],
  };
  const all = [shown([state, { error: new Error(evil) }])];
  const texts = [
    buildersText(all, [], { format: "table", isWhole: true }),
    buildersText(all, [], {
      format: "{{.Name}}{{.Buildkit}}{{.Platforms}}{{.Error}}",
      isWhole: true,
    }),
    ...all.map(inspection).map((lines) => lines.join("\n")),
    failures(all, []).join("\n"),
  ];
  for (const text of texts) {
    // deno-lint-ignore no-control-regex
    assertEquals(/[\x00-\x09\x0b-\x1f]|owned|\nz/.test(text), false, text);
  }
  assertEquals(
    lastColumn(state, true).startsWith("linux/amd64, linux/../.., x"),
    true,
  );
});

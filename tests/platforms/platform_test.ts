import { assertEquals, assertThrows } from "../support/assert.ts";
import {
  isSamePlatform,
  machineFor,
  runnablePlatforms,
} from "../../lib/platforms/match.ts";
import {
  formatPlatform,
  normalizePlatform,
  parsePlatform,
} from "../../lib/platforms/platform.ts";

const OWN = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
const normal = (text: string) =>
  formatPlatform(normalizePlatform(parsePlatform(text)));

Deno.test("parsePlatform() and normalizePlatform() have one spelling for each platform", () => {
  for (
    const [given, expected] of [
      ["linux/amd64", "linux/amd64"],
      ["Linux/X86_64", "linux/amd64"],
      ["linux/x86-64/v1", "linux/amd64"],
      ["linux/amd64/V3", "linux/amd64/v3"],
      ["linux/i386", "linux/386"],
      ["linux/aarch64", "linux/arm64"],
      ["linux/arm64/v8", "linux/arm64"],
      ["linux/arm64/8", "linux/arm64"],
      ["linux/arm64/v8.0", "linux/arm64"],
      ["linux/arm64/v8.1", "linux/arm64/v8.1"],
      ["linux/arm64/9", "linux/arm64/v9"],
      ["linux/arm64/v9.0", "linux/arm64/v9"],
      ["linux/arm", "linux/arm/v7"],
      ["linux/arm/5", "linux/arm/v5"],
      ["linux/arm/8", "linux/arm/v8"],
      ["linux/arm/9", "linux/arm/9"],
      ["linux/armhf", "linux/arm/v7"],
      ["linux/armel", "linux/arm/v6"],
      ["linux/riscv64", "linux/riscv64"],
      ["macos/arm64", "darwin/arm64"],
      ["riscv64", "linux/riscv64"],
      ["aarch64", "linux/arm64"],
      ["freebsd", `freebsd/${OWN}`],
      ["local", `linux/${OWN}`],
      ["LOCAL", `linux/${OWN}`],
    ] as const
  ) {
    assertEquals(normal(given), expected, given);
  }
  assertEquals(parsePlatform("windows(10.0.17763.1)/amd64"), {
    os: "windows",
    architecture: "amd64",
    "os.version": "10.0.17763.1",
  });
  assertEquals(parsePlatform("windows(10.0)"), {
    os: "windows",
    architecture: OWN,
    "os.version": "10.0",
  });
  assertEquals(
    normalizePlatform({
      os: "",
      architecture: "AMD64",
      "os.version": "1",
      "os.features": ["b", "a", "b"],
    }),
    {
      os: "linux",
      architecture: "amd64",
      "os.version": "1",
      "os.features": ["a", "b"],
    },
  );
  assertEquals(formatPlatform({ os: "", architecture: "x" }), "unknown");
});

Deno.test("parsePlatform() refuses what is none", () => {
  for (const text of ["", "linux/", "a/b/c/d", "linux/a b", "l*/amd64", "x("]) {
    assertThrows(() => parsePlatform(text), TypeError, 'expected "os/arch"');
  }
  assertThrows(() => parsePlatform("bogus"), TypeError, "is neither");
});

Deno.test("runnablePlatforms() has what a processor has from older ones, in containerd's order", () => {
  for (
    const [machine, ...expected] of [
      ["linux/amd64", "linux/amd64", "linux/386"],
      [
        "linux/amd64/v3",
        "linux/amd64/v3",
        "linux/amd64/v2",
        "linux/amd64/v1",
        "linux/386",
      ],
      ["linux/arm", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"],
      ["linux/arm/v5", "linux/arm/v5"],
      [
        "linux/arm64",
        "linux/arm64/v8",
        "linux/arm/v8",
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/arm/v5",
      ],
      [
        "linux/arm64/v9",
        "linux/arm64/v9",
        "linux/arm64/v8.5",
        "linux/arm64/v8.4",
        "linux/arm64/v8.3",
        "linux/arm64/v8.2",
        "linux/arm64/v8.1",
        "linux/arm64/v8",
        "linux/arm/v8",
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/arm/v5",
      ],
      ["linux/riscv64", "linux/riscv64"],
    ] as [string, ...string[]][]
  ) {
    assertEquals(
      runnablePlatforms(parsePlatform(machine)).map(formatPlatform),
      expected,
    );
  }
  const newest = runnablePlatforms(parsePlatform("linux/arm64/v9.7"))
    .map(formatPlatform);
  assertEquals(newest.slice(7, 9), ["linux/arm64/v9", "linux/arm64/v8.9"]);
});

Deno.test("isSamePlatform() compares by any spelling, and Windows by its build", () => {
  const same = (one: string, other: string) =>
    isSamePlatform(parsePlatform(one), parsePlatform(other));
  assertEquals(same("linux/arm64", "linux/aarch64/v8"), true);
  assertEquals(same("linux/arm", "linux/arm/v7"), true);
  assertEquals(same("linux/arm", "linux/arm/v6"), false);
  assertEquals(same("linux/amd64", "freebsd/amd64"), false);
  assertEquals(same("linux/amd64", "linux/arm64"), false);
  const windows = "windows(10.0.17763.1)/amd64";
  assertEquals(same(windows, "windows/amd64"), true);
  assertEquals(same(windows, "windows(10.0.17763.9)/amd64"), true);
  assertEquals(same(windows, "windows(10.0.20348.1)/amd64"), false);
  const features = (...given: string[]) => ({
    os: "linux",
    architecture: "amd64",
    "os.features": given,
  });
  assertEquals(isSamePlatform(features("a", "b"), features("b")), true);
  assertEquals(isSamePlatform(features("a"), features("b")), false);
});

Deno.test("machineFor() chooses as buildx does", () => {
  const choose = (wanted: string, machines: string[][], isStrict = false) =>
    machineFor(
      parsePlatform(wanted),
      machines.map((each) => each.map(parsePlatform)),
      isStrict,
    );
  const amd64 = ["linux/amd64"];
  const arm64 = ["linux/arm64"];
  const armv8 = ["linux/arm/v8"];
  const armv7 = ["linux/arm/v7"];
  const riscv = ["linux/riscv64"];
  for (
    const [wanted, machines, expected] of [
      ["linux/amd64", [amd64], 0],
      ["linux/riscv64", [amd64], -1],
      ["linux/arm64", [amd64, arm64], 1],
      ["linux/arm/v8", [amd64, arm64], 1],
      ["linux/arm/v7", [amd64, arm64], 1],
      ["linux/arm/v8", [amd64, arm64, armv8], 2],
      ["linux/arm/v7", [amd64, arm64, armv8], 2],
      ["linux/arm/v8", [amd64, armv7], -1],
      ["linux/arm/v6", [amd64, armv7], 1],
      ["linux/riscv64", [amd64, riscv, riscv], 1],
      ["linux/arm/v7", [armv8, armv7], 1],
      ["linux/arm/v7", [[...amd64, ...armv7], armv8], 0],
      ["linux/amd64", [amd64, [...amd64, ...riscv]], 0],
      ["linux/amd64/v2", [amd64, ["linux/amd64/v2"], ["linux/amd64/v3"]], 1],
      ["linux/386", [arm64, amd64], 1],
    ] as [string, string[][], number][]
  ) {
    assertEquals(choose(wanted, machines), expected, `${wanted} ${machines}`);
  }
  assertEquals(choose("linux/arm/v7", [amd64, arm64], true), -1);
  assertEquals(choose("linux/386", [amd64], true), -1);
  assertEquals(choose("linux/aarch64", [amd64, arm64], true), 1);
});

Deno.test("a machine's spelling, version and odd variants count for what it runs", () => {
  const runs = (
    architecture: string,
    variant?: string,
    more: Readonly<Record<string, string>> = {},
  ) =>
    runnablePlatforms({
      os: "Linux",
      architecture,
      ...(variant === undefined ? {} : { variant }),
      ...more,
    }).map(formatPlatform);
  assertEquals(runs("X86_64", "v1"), ["linux/amd64", "linux/386"]);
  assertEquals(runs("amd64", "odd"), ["linux/amd64/odd", "linux/386"]);
  assertEquals(runs("amd64", "v2"), [
    "linux/amd64/v2",
    "linux/amd64/v1",
    "linux/386",
  ]);
  assertEquals(runs("arm", "odd"), ["linux/arm/odd"]);
  assertEquals(runs("arm64", "odd"), [
    "linux/arm64/odd",
    "linux/arm/v8",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/arm/v5",
  ]);
  // The version and the features stay.
  assertEquals(
    runnablePlatforms({
      os: "windows",
      architecture: "amd64",
      "os.version": "10.0.1",
    })
      .map((platform) => platform["os.version"]),
    ["10.0.1", "10.0.1"],
  );
  const own = { os: "windows", architecture: "amd64" };
  const version = (text: string) => ({ ...own, "os.version": text });
  assertEquals(isSamePlatform(version("10.0.1.1"), version("10.0.2.1")), false);
  assertEquals(isSamePlatform(version("9.0.1.1"), version("10.0.1.1")), false);
  assertEquals(isSamePlatform(own, version("10.0.2.1")), true);
  // Other systems have no such rule.
  assertEquals(
    isSamePlatform(
      { os: "linux", architecture: "amd64", "os.version": "1.1.1" },
      { os: "linux", architecture: "amd64", "os.version": "2.2.2" },
    ),
    true,
  );
  assertEquals(
    normalizePlatform({
      os: "linux",
      architecture: "arm64",
      "os.features": [],
    }),
    {
      os: "linux",
      architecture: "arm64",
    },
  );
  assertEquals(parsePlatform("MACOS/arm64").os, "darwin");
});

import { assertEquals, assertThrows } from "../support/assert.ts";
import { FlagError, UsageError } from "../../lib/cli/exit.ts";
import { findCommand, type Flag, parseWords } from "../../lib/cli/flag.ts";
import { parseBytes } from "../../lib/cli/bytes_flag.ts";
import { countStdin, secretSources } from "../../lib/cli/secret_flag.ts";
import { parseUlimit, parseUlimits } from "../../lib/cli/ulimit_flag.ts";

const FLAGS: readonly Flag[] = [
  { name: "tag", short: "t", value: "NAME", many: true },
  { name: "file", short: "f", value: "PATH" },
  { name: "quiet", short: "q" },
  { name: "pull" },
  { name: "no-cache" },
  { name: "label", value: "K=V", many: true, notEmpty: true },
  { name: "size", value: "BYTES", notEmpty: true, typed: true },
  { name: "times", value: "FILE", alone: true, notEmpty: true },
];

function parsed(...words: string[]) {
  const { words: rest, list, text, switched } = parseWords(words, FLAGS);
  return {
    rest,
    tag: list("tag"),
    file: text("file"),
    on: ["quiet", "pull", "no-cache"].filter(switched),
  };
}

Deno.test("a flag that may stand alone takes no word behind it", () => {
  const read = (...words: string[]) => {
    const parsed = parseWords(words, FLAGS);
    return [parsed.text("times"), parsed.switched("times"), parsed.words];
  };
  assertEquals(read("--times", "a"), [undefined, true, ["a"]]);
  assertEquals(read("--times=a", "b"), ["a", false, ["b"]]);
  assertEquals(read("--times=-"), ["-", false, []]);
  assertEquals(read("b"), [undefined, false, ["b"]]);
  assertThrows(() => read("--times="), UsageError, "expected FILE");
  assertEquals(findCommand(["--times", "build"], FLAGS).command, "build");
});

const NOTHING = { rest: [], tag: [], file: undefined, on: [] };

Deno.test("parseWords reads words as docker's command does", () => {
  for (
    const [words, expected] of [
      [[], NOTHING],
      [["."], { ...NOTHING, rest: ["."] }],
      [["-t", "a", ".", "--tag=b"], {
        ...NOTHING,
        rest: ["."],
        tag: ["a", "b"],
      }],
      [["-ta", "-t=b"], { ...NOTHING, tag: ["a", "b"] }],
      [["-qt", "a"], { ...NOTHING, tag: ["a"], on: ["quiet"] }],
      [["-qta"], { ...NOTHING, tag: ["a"], on: ["quiet"] }],
      [["-f", "-", "-"], { ...NOTHING, rest: ["-"], file: "-" }],
      [["-f=-"], { ...NOTHING, file: "-" }],
      [["-f", "--quiet"], { ...NOTHING, file: "--quiet" }],
      [["-f", "a", "-f", "b"], { ...NOTHING, file: "b" }],
      [["--tag", "a=b=c"], { ...NOTHING, tag: ["a=b=c"] }],
      [["--tag", "12"], { ...NOTHING, tag: ["12"] }],
      [["--tag", "x\ny"], { ...NOTHING, tag: ["x\ny"] }],
      [["12"], { ...NOTHING, rest: ["12"] }],
      [["--pull", "true"], { ...NOTHING, rest: ["true"], on: ["pull"] }],
      [["--pull=T", "--no-cache=0"], { ...NOTHING, on: ["pull"] }],
      [["--no-cache", "--quiet=false"], { ...NOTHING, on: ["no-cache"] }],
      [["-q", "--", "-t", "--x"], {
        ...NOTHING,
        rest: ["-t", "--x"],
        on: ["quiet"],
      }],
      [["-t", "--", "--", "."], { ...NOTHING, rest: ["."], tag: ["--"] }],
      [["--tag==a", "-t", "=b", "-t==c"], {
        ...NOTHING,
        tag: ["=a", "=b", "=c"],
      }],
      // What is empty is as if it were not given.
      [["-f", "", "-t="], NOTHING],
      [["-f", "a", "--file="], NOTHING],
      [["-t", "", "-t", "a"], { ...NOTHING, tag: ["a"] }],
    ] as const
  ) {
    assertEquals(parsed(...words), expected as unknown, words.join(" "));
  }
});

Deno.test("parseWords refuses what is unknown, lacks a value or is neither on nor off", () => {
  for (
    const words of [
      ["--foo"],
      ["--foo=secret"],
      ["-x"],
      ["-qx"],
      ["-t"],
      ["--tag"],
      ["--pull=yes"],
      ["-=q"],
      ["--no-pull"],
      ["--tag.x=1"],
    ]
  ) {
    const error = assertThrows(() => parsed(...words), FlagError);
    assertEquals(error.message.split("\n").length, 1);
    assertEquals(error.message.includes("secret"), false);
  }
  // Docker's command reads what these stand behind later than the words, but for the last.
  for (const [word, code] of [["--label=", 1], ["--size=", 125]] as const) {
    const error = assertThrows(() => parsed(word), UsageError);
    assertEquals(error.exitCode, code);
  }
});

Deno.test("findCommand finds the command behind the flags before it", () => {
  for (
    const [words, before, command, behind] of [
      [[], [], undefined, []],
      [["build", "-t", "a"], [], "build", ["-t", "a"]],
      [["-qt", "a", "build", "."], ["-qt", "a"], "build", ["."]],
      [
        ["--tag=a", "-f", "build", "push"],
        ["--tag=a", "-f", "build"],
        "push",
        [],
      ],
      [["--foo", "build"], ["--foo"], "build", []],
      [["-q"], ["-q"], undefined, []],
    ] as const
  ) {
    assertEquals(
      findCommand(words, FLAGS),
      { before, command, behind } as unknown,
      words.join(" "),
    );
  }
});

Deno.test("secretSources follows docker's rules", () => {
  Deno.env.set("DAVIT_TEST_TOKEN", "x");
  try {
    assertEquals(
      secretSources([
        "id=a,src=/a",
        "id=b,env=DAVIT_TEST_TOKEN",
        "id=k,env=DAVIT_TEST_UNSET",
        "id=l,type=env,src=DAVIT_TEST_UNSET,visible=true",
        "type=file,id=c,source=c",
        "type=env,id=d,src=DAVIT_TEST_TOKEN",
        "type=env,id=DAVIT_TEST_UNSET",
        "id=DAVIT_TEST_TOKEN",
        "id=none_of_this_name",
        'id=g,"src=with,comma"',
        '"id=h","src=with ""quotes"""',
        "id=i,env=DAVIT_TEST_TOKEN,visible=true",
        "id=j,src=j,visible=false",
      ]),
      {
        a: { file: "/a" },
        b: { env: "DAVIT_TEST_TOKEN" },
        // As docker has it; the build warns.
        k: { value: "" },
        l: { value: "", visible: true },
        c: { file: "c" },
        d: { env: "DAVIT_TEST_TOKEN" },
        DAVIT_TEST_UNSET: { file: "DAVIT_TEST_UNSET" },
        DAVIT_TEST_TOKEN: { env: "DAVIT_TEST_TOKEN" },
        none_of_this_name: { file: "none_of_this_name" },
        g: { file: "with,comma" },
        h: { file: 'with "quotes"' },
        i: { env: "DAVIT_TEST_TOKEN", visible: true },
        j: { file: "j" },
      },
    );
  } finally {
    Deno.env.delete("DAVIT_TEST_TOKEN");
  }
  for (
    const word of [
      "",
      "hunter2",
      "src=hunter2",
      "id=,src=hunter2",
      "id=a,value=hunter2",
      "id=a,type=hunter2x,src=a".replace("hunter2x", "text"),
      "id=a,src=hunter2,env=B",
      'id=a,"src=hunter2',
      "id=a\nid=b,src=hunter2",
      "id=a,src=hunter2,visible=maybe",
      "id=a,src=hunter2,env=",
      "id=a,src=,env=hunter2",
      "id=a,env=",
      "id=a,src=",
      "id=a,type=env,env=",
    ]
  ) {
    const error = assertThrows(() => secretSources([word]), UsageError);
    assertEquals(error.message.includes("hunter2"), false, error.message);
  }
  assertThrows(() => secretSources(["id=a", "id=a"]), UsageError);
  assertEquals(
    countStdin(["id=a,src=-", "id=b,src=-,type=env", "id=c,src=c", "id=d"]),
    1,
  );
});

Deno.test("sizes and limits are read as docker reads them", () => {
  for (
    const [text, bytes] of [
      ["0", 0],
      ["64", 64],
      ["64b", 64],
      ["64k", 65536],
      ["64K", 65536],
      ["64kb", 65536],
      ["64KiB", 65536],
      ["64 B", 64],
      ["64 m", 64 * 2 ** 20],
      ["1.5g", 1.5 * 2 ** 30],
      ["1tb", 2 ** 40],
      ["1p", 2 ** 50],
      [".5m", 2 ** 19],
      ["2.k", 2048],
      ["+1k", 1024],
      ["1e3", 1000],
      ["1E1k", 10240],
      ["1e+1", 10],
      ["10e-1k", 1024],
      ["1_000", 1000],
      ["1_0.2_5k", 10496],
      ["0x1p10", 1024],
      ["0X1.8p1kb", 3072],
      ["0x_f_fp0", 255],
      ["0.1", 0],
      ["1.9b", 1],
    ] as const
  ) assertEquals(parseBytes("--shm-size", text), bytes, text);
  for (
    const text of [
      ...["", "x", "-1", "1x", "1 2", "k", "1kk", "1ki", "1bb", "0x10", "."],
      ...["_1", "1_", "1__0", "1_k", "1._5", "1 _0", "1e_1", "0x1", "1p2"],
      ...["1,5m", " 1", "1  k", "1 k ", "inf", "nan", "1e", "++1", "1e30"],
    ]
  ) {
    assertThrows(() => parseBytes("--shm-size", text), FlagError, text);
  }
  assertEquals(parseUlimit("nofile=1024:2048"), {
    name: "nofile",
    soft: 1024,
    hard: 2048,
  });
  assertEquals(parseUlimit("core=-1"), { name: "core", soft: -1, hard: -1 });
  assertEquals(parseUlimits(["core=1", "nofile=1", "core=+2:3"]), [
    { name: "core", soft: 2, hard: 3 },
    { name: "nofile", soft: 1, hard: 1 },
  ]);
  for (
    const text of [
      "",
      "nofile",
      "nofile=",
      "nope=1",
      "nofile=2:1",
      "nofile=-1:1",
    ]
  ) assertThrows(() => parseUlimit(text), FlagError);
});

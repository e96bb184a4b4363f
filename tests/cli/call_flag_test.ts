/** What `--call` and `--check` ask. */
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { readCall } from "../../lib/cli/call_flag.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const call = (...words: string[]) => readCall(parseWords(words, BUILD_FLAGS));

const LINT = { name: "lint", json: false, ignoreStatus: false };

Deno.test("--call and --check name a question, and of both the last one counts", () => {
  for (
    const [words, expected] of [
      [[], undefined],
      [["--call=build"], undefined],
      [["--call="], undefined],
      [["--check=false"], undefined],
      [["--call=build,format=json"], undefined],
      [["--check"], LINT],
      [["--call", "check"], LINT],
      [["--call=lint"], LINT],
      [["--check", "--call=build"], undefined],
      [["--call=build", "--check"], LINT],
      [["--call=outline", "--check"], LINT],
      [["--check", "--call=outline"], { ...LINT, name: "outline" }],
      [["--call=outline", "--check=false"], { ...LINT, name: "outline" }],
      [["--call=subrequests.describe"], {
        ...LINT,
        name: "subrequests.describe",
      }],
      [["--call=format=json,check"], { ...LINT, json: true }],
      [["--call=check,format=text"], LINT],
      [["--call=check,format="], LINT],
      [["--call=check,format=JSON"], LINT],
      [["--call=check,ignorestatus=true"], { ...LINT, ignoreStatus: true }],
      [["--call=check,ignorestatus=0"], LINT],
      [['--call="check","format=json"'], { ...LINT, json: true }],
      [["--check", "--format=json"], { ...LINT, json: true }],
      [["--format", "json", "--call=check"], { ...LINT, json: true }],
      [["--check", "--format=text"], LINT],
      [["--check", "--format="], LINT],
      [["--call=check,format=json", "--format=text"], LINT],
    ] as const
  ) assertEquals(call(...words), expected, words.join(" "));
});

Deno.test("values that are none, and flags about a result, are refused", () => {
  for (
    const [words, message] of [
      [["--call=check,outline"], "invalid print value: check,outline"],
      [["--check", "--format=yaml"], '--format "yaml": expected json or text'],
      [["--format=json"], "--format is for the answers of --check and --call"],
      [["--call=build", "--format=text"], "--format is for the answers"],
      [["--check=false", "--format=json"], "--format is for the answers"],
      [["--call=check,x=1"], "invalid print field: x=1"],
      [["--call=check,=1"], "invalid print field: =1"],
      [["--call=check,ignorestatus=x"], "invalid ignorestatus print value: x"],
      [["--call=check,ignorestatus=toString"], "invalid ignorestatus"],
      [["--call=format=json"], '--call "format=json" has no name'],
      [["--call=a b"], '--call "a b" has no name'],
      [["--call=../a"], "has no name"],
      [
        ["--check", "--push"],
        "--push can't be used with --check: nothing is built",
      ],
      [["--check", "--load"], "--load can't be used with --check"],
      [["--check", "-o", "x"], "--output can't be used with --check"],
      [["--check", "--watch"], "--watch can't"],
      [["--check", "--verify"], "--verify can't"],
      [["--check", "--verify-keep-tags"], "--verify-keep-tags can't"],
      [["--check", "--verify-strict"], "--verify-strict can't"],
      [["--check", "--iidfile=x"], "--iidfile can't"],
      [
        ["--call=outline", "--metadata-file=x"],
        "--metadata-file can't be used with --call=outline",
      ],
      [
        ["--check", "--call=outline", "--push"],
        "--push can't be used with --call=outline",
      ],
      [["--call=check", "--push"], "--push can't be used with --call=check"],
    ] as const
  ) {
    assertThrows(() => call(...words), UsageError, message);
  }
  assertEquals(call("--check", "-t", "a:1", "--push=false"), LINT);
});

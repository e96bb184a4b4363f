import { parseArgs } from "node:util";
import { assertEquals } from "../support/assert.ts";
import { type SplitFlag, tokensOf } from "../../lib/cli/flag_tokens.ts";

const FLAGS: readonly SplitFlag[] = [
  { name: "tag", short: "t", value: "NAME" },
  { name: "file", short: "f", value: "PATH" },
  { name: "quiet", short: "q" },
  { name: "D", short: "D" },
  { name: "pull" },
  { name: "timings", value: "FILE", alone: true },
];

/** What `node:util` makes of a command line, in the same form. */
function byNode(words: readonly string[]): unknown[] {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      FLAGS.map(({ name, short, value, alone }) => [name, {
        type: value === undefined || alone === true ? "boolean" : "string",
        ...(short === undefined ? {} : { short }),
      }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.flatMap((token): unknown[] =>
    token.kind === "positional"
      ? [{ kind: "word", value: token.value, index: token.index }]
      : token.kind === "option"
      ? [{
        kind: "flag",
        name: token.name,
        rawName: token.rawName,
        value: token.value,
        isInline: token.inlineValue === true,
      }]
      : []
  );
}

/** Words that a command line may have, and parts that a word may have. */
const WORDS = [
  ...["-", "--", "-q", "-t", "-f", "-D", "-x", "--tag", "--quiet", "--timings"],
  ...["--tag=", "--tag=a", "--quiet=false", "--timings=a", "--x", "--x=y"],
  ...["--=", "--=a", "---", "---=a", "-=", "-t=", "-t=a", "-ta", "-q=true"],
  ...["-qt", "-qta", "-qtq", "-qD", "-qDf", "-qxt", "-xy", "-tq", "", "a", "="],
];

Deno.test("a command line is split as node:util splits it, each pair and triple of words", () => {
  for (const first of WORDS) {
    for (const second of WORDS) {
      for (const rest of [[], ["a"], ["-q", "b"]]) {
        const words = [first, second, ...rest];
        assertEquals(
          [...tokensOf(words, FLAGS)],
          byNode(words),
          JSON.stringify(words),
        );
      }
    }
  }
});

Deno.test("a flag that stands alone has a value in its own word only", () => {
  assertEquals([...tokensOf(["--timings", "a", "--timings=b"], FLAGS)], [
    {
      kind: "flag",
      name: "timings",
      rawName: "--timings",
      value: undefined,
      isInline: false,
    },
    { kind: "word", value: "a", index: 1 },
    {
      kind: "flag",
      name: "timings",
      rawName: "--timings",
      value: "b",
      isInline: true,
    },
  ]);
});

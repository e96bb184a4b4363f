import { stepNames } from "../../lib/timings/step_names.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type MadeStep, timingsOf } from "./recorded.ts";

function namesOf(...names: string[]): string[] {
  return stepNames(
    timingsOf(names.map((name, at): MadeStep => ({ name, at: [at, at + 1] })))
      .steps,
  );
}

Deno.test("a step in a sentence is its words in quotes, and its line", () => {
  const steps =
    timingsOf([{ name: "[1/1] RUN --network=none x", at: [0, 1] }], {
      dockerfile: { name: "D", text: "FROM scratch\nRUN --network=none x\n" },
    }).steps;
  assertEquals(stepNames(steps), ["“RUN x” at line 2"]);
  assertEquals(namesOf("[1/1] RUN a\n  b"), ["“RUN a b”"]);
});

Deno.test("long words are cut, but no character in two", () => {
  const words = (length: number, end = "") =>
    namesOf(`[1/1] RUN ${"x".repeat(length - 4)}${end}`)[0];
  assertEquals(words(60), `“RUN ${"x".repeat(56)}”`);
  assertEquals(words(61), `“RUN ${"x".repeat(55)}…”`);
  for (let length = 56; length <= 61; length++) {
    assert(words(length, "😀😀😀")!.isWellFormed(), String(length));
  }
});

Deno.test("where several platforms or nodes build, a step has that of its own", () => {
  assertEquals(
    namesOf(
      "[linux/amd64 2/2] RUN make",
      "[linux/arm64 2/2] RUN make",
      "[linux/amd64->arm64 build 2/2] RUN go",
      "exporting to image",
    ),
    [
      "“RUN make” on linux/amd64",
      "“RUN make” on linux/arm64",
      "“RUN go” on linux/amd64 for arm64",
      "“exporting to image”",
    ],
  );
  // Of one alone nobody needs to be told.
  assertEquals(
    namesOf("[linux/amd64 1/2] RUN a", "[linux/amd64 2/2] RUN b", "exporting"),
    ["“RUN a”", "“RUN b”", "“exporting”"],
  );
  assertEquals(
    namesOf(
      "[n1 internal] load x",
      "[n2 internal] load x",
      "[n1 linux/amd64 2/2] RUN a",
      "[n2 linux/arm64 2/2] RUN a",
    ),
    [
      "“load x” on node n1",
      "“load x” on node n2",
      "“RUN a” on linux/amd64, node n1",
      "“RUN a” on linux/arm64, node n2",
    ],
  );
});

Deno.test("a step has its stage where it would read as one of another stage", () => {
  assertEquals(
    namesOf("[a 2/2] RUN make", "[b 2/3] RUN make", "[b 3/3] RUN go"),
    ["“RUN make” in stage a", "“RUN make” in stage b", "“RUN go”"],
  );
  // The same twice in one stage is no matter of stages.
  assertEquals(
    namesOf("[a 2/3] RUN x", "[a 3/3] RUN x", "[b 2/2] RUN y"),
    ["“RUN x”", "“RUN x”", "“RUN y”"],
  );
  assertEquals(
    namesOf(
      "[linux/amd64 a 2/2] RUN x",
      "[linux/arm64 a 2/2] RUN x",
      "[linux/arm64 b 2/2] RUN x",
    ),
    [
      "“RUN x” on linux/amd64",
      "“RUN x” in stage a on linux/arm64",
      "“RUN x” in stage b on linux/arm64",
    ],
  );
  assertEquals(
    namesOf("[context a] load from client", "[context b] load from client"),
    ["“load from client” of context a", "“load from client” of context b"],
  );
  assertEquals(
    namesOf("[1/1] RUN x", "[a 1/1] RUN x"),
    ["“RUN x”", "“RUN x” in stage a"],
  );
});

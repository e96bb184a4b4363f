import { BuildMask } from "../../lib/imagebuild/mask.ts";
import type {
  BuildMessage,
  TraceMessage,
} from "../../lib/imagebuild/message.ts";
import { findFailure } from "../../lib/progress/failure.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "../progress/builds.ts";
import { readTrace, TRACE_GENERATIONS } from "../progress/traces.ts";
import { eventsOf, masked, maskedEnd, recorded } from "./masked.ts";

/** Words that messages are made of; each as the value of a secret. */
const WORDS = [
  "error",
  "errorDetail",
  "message",
  "stream",
  "status",
  "progressDetail",
  "aux",
  "moby",
  "moby.image.id",
  "moby.buildkit.trace",
  "sha256",
  "sha256:",
  "code",
  "step:",
  "Step",
  " : FROM",
  " ---> ",
  "Running in ",
  "Removed intermediate container",
  "Successfully built ",
  "Successfully tagged ",
  "exit code",
  "transferring",
  // And some of free text.
  "davit-test",
  "Dockerfile",
  "stage",
  ...["0123", "4567", "89ab", "cdef", "aaaa", "0000"],
  // Every four digits that a digest may hold.
  ...Array.from({ length: 256 }, (_, i) => `${(i * 257).toString(16)}0000`)
    .map((hex) => hex.slice(0, 4)),
];

function run(mask: BuildMask, messages: readonly BuildMessage[]) {
  return [...messages.flatMap((one) => masked(mask, one)), ...maskedEnd(mask)];
}

/** What a build says without what a mask may change: keys, kinds, ids, numbers. */
function bones(messages: readonly BuildMessage[]): unknown[] {
  return messages.flatMap((message): unknown[] => {
    const { id, aux, error, errorDetail, stream, status, ...rest } = message;
    const { trace } = message as TraceMessage;
    if (trace === undefined) {
      if (stream !== undefined) return []; // its slices are others
      return [{
        ...rest,
        id,
        aux,
        has: [error !== undefined, status !== undefined],
        code: errorDetail?.code,
      }];
    }
    return [{
      id,
      vertexes: trace.vertexes.map(({ name: _, error, group, ...vertex }) => ({
        ...vertex,
        failed: error !== "",
        group: group?.id,
      })),
      statuses: trace.statuses.map(({ id: _, ...one }) => one),
      warnings: trace.warnings.map(({ level, vertex, ranges }) => ({
        level,
        vertex,
        ranges,
      })),
    }];
  });
}

/** What a build came to: steps, and image. */
function outcome(messages: readonly BuildMessage[]): unknown {
  const { record: { state }, facts } = recorded(messages, ["name"]);
  const images = eventsOf(facts)
    .filter((event) => event.type === "image");
  return [
    images,
    state.steps().map(({ digest, cached }) => [digest, cached]),
    findFailure(state, "").vertex,
  ];
}

for (const generation of TRACE_GENERATIONS) {
  for (const { name } of [...SAMPLE_BUILDS, ...CLASSIC_BUILDS]) {
    Deno.test(`no secret's value changes what the messages of ${generation}_${name} are, nor what they come to`, () => {
      const given = readTrace(`${generation}_${name}`) as BuildMessage[];
      const plain = run(new BuildMask(), given);
      const together = new BuildMask();
      together.add(WORDS.map((word, i) => [`s${i}`, new Secret(word)]));
      const all = run(together, given);
      assertEquals(bones(all), bones(plain));
      assertEquals(outcome(all), outcome(plain));
      assert(JSON.stringify(all).includes("***"), "something is masked");
      for (const word of WORDS.slice(0, 26)) {
        const mask = new BuildMask();
        mask.add([["s", new Secret(word)]]);
        const one = run(mask, given);
        assertEquals(bones(one), bones(plain), word);
        assertEquals(outcome(one), outcome(plain), word);
      }
    });
  }
}

Deno.test("the image's id is whole, also where it holds a short secret", () => {
  const id = `sha256:${"0a1b".repeat(16)}`;
  const mask = new BuildMask();
  mask.add([["a", new Secret("0a1b")], ["b", new Secret("sha256:")]]);
  for (
    const message of [
      { id: "moby.image.id", aux: { ID: id } },
      { aux: { ID: id } },
    ] as BuildMessage[]
  ) {
    const [one] = run(mask, [message]);
    assertEquals(one, message);
    assertEquals(recorded([one!]).record.state.image?.id, id);
  }
});

Deno.test("of the classic builder's own lines the free text is masked, and a program's lines are", () => {
  const mask = new BuildMask();
  mask.add([["a", new Secret("beef")], ["b", new Secret("built")]]);
  const text = (stream: string) =>
    masked(mask, { stream }).map(({ stream }) => stream).join("");
  assertEquals(text("Step 1/1 : RUN echo beef\n"), "Step 1/1 : RUN echo ***\n");
  assertEquals(
    text(" ---> Running in beefbeefbeef\n"),
    " ---> Running in beefbeefbeef\n",
  );
  // A program that prints what looks like the builder's.
  assertEquals(text("Successfully built beef\n"), "Successfully *** ***\n");
  assertEquals(text("Step 1/1 : beef\n"), "Step 1/1 : ***\n");
  assertEquals(text("be"), "");
  assertEquals(
    text("Removed intermediate container beefbeefbeef\n"),
    "beRemoved intermediate container beefbeefbeef\n",
  );
  assertEquals(text(" ---> beefbeefbeef\n"), " ---> beefbeefbeef\n");
  assertEquals(
    text("Successfully built beefbeefbeef\n"),
    "Successfully built beefbeefbeef\n",
  );
  assertEquals(
    text("Successfully tagged beef:latest\n"),
    "Successfully tagged ***:latest\n",
  );
});

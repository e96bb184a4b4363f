import { ClassicTranslator } from "../../lib/progress/classic.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assertEquals } from "../support/assert.ts";
import { eventsOfTrace, stateOfTrace } from "./traces.ts";

for (const generation of ["20", "28"]) {
  Deno.test(`ClassicTranslator reads the classic builder of engine ${generation}`, () => {
    const state = stateOfTrace(`${generation}_classic_output`);
    const steps = state.steps();
    assertEquals(steps.map(({ name }) => name.slice(0, 10)), [
      "[1/4] FROM",
      "[2/4] RUN ",
      "[3/4] COPY",
      "[4/4] RUN ",
    ]);
    assertEquals(steps.every(({ completed }) => completed !== undefined), true);
    assertEquals(
      eventsOfTrace(`${generation}_classic_output`).flat().flatMap((event) =>
        event.type === "log" && event.vertex === "step:2"
          ? [[event.stream, event.text]]
          : []
      ).toSorted(),
      [["stderr", "to stderr\n"], ["stdout", "no end"], [
        "stdout",
        "to stdout\n",
      ]],
    );
    assertEquals(state.image?.id.length, 71);
  });

  Deno.test(`ClassicTranslator tells what engine ${generation} took from its cache`, () => {
    assertEquals(
      stateOfTrace(`${generation}_classic_cached`).steps().map(({ cached }) =>
        cached
      ),
      [false, true, true, true],
    );
  });

  Deno.test(`ClassicTranslator tells the failed step of engine ${generation}`, () => {
    const state = stateOfTrace(`${generation}_classic_failing_run`);
    assertEquals(
      state.steps().at(-1)?.error,
      "The command '/bin/sh -c echo before; echo wrong >&2; exit 7' returned a non-zero code: 7",
    );
  });
}

Deno.test("ClassicTranslator reads a pull, warnings and names", () => {
  let time = 0;
  const classic = new ClassicTranslator({ now: () => time += 1000 });
  const state = new BuildState();
  const events = [
    { stream: "Step 1/2 : FROM alpine" },
    { stream: "\n" },
    { status: "Pulling from library/alpine", id: "latest" },
    { status: "Pulling fs layer", progressDetail: {}, id: "abc" },
    {
      status: "Downloading",
      progressDetail: { current: 5, total: 10 },
      id: "abc",
    },
    { status: "Pull complete", progressDetail: {}, id: "abc" },
    { status: "Digest: sha256:1" },
    { stream: " ---> 0123456789ab\n" },
    { stream: "Step 2/2 : RUN true\n" },
    { stream: " ---> Running in 0123456789ab\n" },
    { stream: "Step 3/3 : is the program's own text\n" },
    { stream: "Removing intermediate container 0123456789ab\n" },
    { stream: " ---> 0123456789ab\n" },
    { stream: "[Warning] One or more build-args [x] were not consumed\n" },
    { aux: { ID: "sha256:2" } },
    { stream: "Successfully built 0123456789ab\n" },
    { stream: "Successfully tagged a:latest\n" },
    { stream: "Successfully tagged b:latest\n" },
  ].flatMap((message) => classic.translate(message));
  for (const event of events) state.apply(event);
  assertEquals(state.steps().map(({ name }) => name), [
    "[1/2] FROM alpine",
    "[2/2] RUN true",
  ]);
  const statuses = [...state.get("step:1")!.statuses.values()];
  assertEquals(
    statuses.map(({ id, name, completed }) => [
      id,
      name,
      completed !== undefined,
    ]),
    [
      [
        "Pulling from library/alpine:latest",
        "Pulling from library/alpine",
        true,
      ],
      ["abc", "Pull complete", true],
    ],
  );
  assertEquals(
    events.find((event) => event.type === "status" && event.total === 10)?.type,
    "status",
  );
  assertEquals(state.get("step:2")!.tail.lines(9), [
    "Step 3/3 : is the program's own text",
  ]);
  assertEquals(state.warnings.map(({ short }) => short), [
    "One or more build-args [x] were not consumed",
  ]);
  assertEquals(state.image, {
    type: "image",
    id: "sha256:2",
    digest: undefined,
    names: ["a:latest", "b:latest"],
  });
});

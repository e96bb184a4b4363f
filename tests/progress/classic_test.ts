import { ClassicTranslator } from "../../lib/progress/classic.ts";
import type { LineMessage } from "../../lib/progress/line_reader.ts";
import { ClassicLines } from "../../lib/progress/classic_lines.ts";
import type {
  BuildEvent,
  StatusEvent,
  VertexEvent,
} from "../../lib/progress/event.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assert, assertEquals } from "../support/assert.ts";
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

/** Steps that begin, as the classic builder tells them. */
const STEPS = [
  { stream: "Step 1/11 : FROM alpine\n" },
  { stream: " ---> 0123456789ab\n" },
  { stream: "Step 2/11 : RUN a  \n" },
];

Deno.test("ClassicTranslator: every field of what it tells", () => {
  let time = 0;
  const classic = new ClassicTranslator({ now: () => ++time });
  const vertex = (fields: Partial<VertexEvent>): BuildEvent => ({
    type: "vertex",
    digest: "step:1",
    name: "[ 1/11] FROM alpine",
    inputs: [],
    cached: false,
    started: 1,
    completed: undefined,
    error: undefined,
    group: undefined,
    ...fields,
  });
  const second = {
    digest: "step:2",
    name: "[ 2/11] RUN a",
    inputs: ["step:1"],
    started: 3,
  };
  const log = (text: string, time: number, stream = "stdout") =>
    ({
      type: "log",
      vertex: "step:2",
      stream,
      bytes: new TextEncoder().encode(text),
      text,
      time,
    }) as BuildEvent;
  const status = (fields: Partial<StatusEvent>): BuildEvent => ({
    type: "status",
    vertex: "step:2",
    id: "l1",
    name: "Waiting",
    current: 0,
    total: undefined,
    time: 8,
    started: 8,
    completed: undefined,
    ...fields,
  });
  for (
    const [message, events] of [
      [STEPS[0], [vertex({})]],
      [STEPS[1], [vertex({ completed: 2 })]],
      // It is over, and ends once.
      [STEPS[1], []],
      [{ error: "too late" }, []],
      [STEPS[2], [vertex(second)]],
      [{ stream: " ---> Using cache\n" }, [
        vertex({ ...second, cached: true }),
      ]],
      [{ stream: "out" }, [log("out", 4)]],
      [{ stream: "\x1b[91merr\n\x1b[0m" }, [log("err\n", 5, "stderr")]],
      [{ stream: "\x1b[91merr" }, [log("err", 6, "stderr")]],
      [{ status: "Digest: sha256:1" }, [log("Digest: sha256:1\n", 7)]],
      [{ status: "Waiting", id: "l1" }, [status({})]],
      [
        {
          status: "Downloading",
          id: "l1",
          progressDetail: { current: 3, total: 9 },
        },
        [status({ name: "Downloading", current: 3, total: 9, time: 9 })],
      ],
      [{ status: "Pull complete", id: "l1", progressDetail: {} }, [
        status({ name: "Pull complete", time: 10, completed: 10 }),
      ]],
      [{ status: "Pulling from a", id: "1" }, [
        status({
          id: "Pulling from a:1",
          name: "Pulling from a",
          time: 11,
          started: 11,
          completed: 11,
        }),
      ]],
      [{ stream: "[Warning] two\nlines\n" }, [{
        type: "warning",
        vertex: "step:2",
        level: 1,
        short: "two\nlines",
        detail: [],
        url: undefined,
        source: undefined,
        code: undefined,
      }]],
      [{ stream: "\n" }, []],
      [{ aux: null }, []],
      [{ aux: { ID: 7 } }, []],
      [{ stream: "Successfully tagged a:1\n" }, []],
      [{ aux: { ID: "sha256:1" } }, [
        vertex({ ...second, cached: true, completed: 12 }),
        { type: "image", id: "sha256:1", digest: undefined, names: ["a:1"] },
      ]],
    ] as [LineMessage, BuildEvent[]][]
  ) {
    assertEquals(classic.translate(message), events, JSON.stringify(message));
  }
});

Deno.test("ClassicTranslator tells nothing of a step before there is one, but a warning", () => {
  const classic = new ClassicTranslator();
  for (
    const message of [
      { stream: " ---> Using cache\n" },
      { stream: " ---> 0123456789ab\n" },
      { stream: "text" },
      { status: "Pulling", id: "a" },
      { status: "Digest" },
      { error: "it broke" },
      { aux: {} },
      {},
    ]
  ) assertEquals(classic.translate(message), [], JSON.stringify(message));
  const [warning] = classic.translate({ stream: "[Warning] w" });
  assert(warning?.type === "warning" && warning.vertex === undefined);
  const before = Date.now();
  const [step] = classic.translate(STEPS[0]!);
  assert(step?.type === "vertex" && step.started! >= before);
});

Deno.test("ClassicTranslator: a failure's sentence, wherever it stands", () => {
  for (
    const [message, error] of [
      [{ error: "a" }, "a"],
      [{ errorDetail: { message: "b" }, error: "a" }, "b"],
      [{ errorDetail: { message: "b" } }, "b"],
      [{ errorDetail: {}, error: "a" }, "a"],
      [{ errorDetail: { message: "" } }, ""],
    ] as const
  ) {
    const classic = new ClassicTranslator({ now: () => 5 });
    for (const step of STEPS) classic.translate(step);
    const [event] = classic.translate(message);
    assert(event?.type === "vertex");
    assertEquals([event.error, event.completed], [error, 5]);
  }
});

Deno.test("ClassicTranslator takes a program's words for its own from its start to its end", () => {
  const classic = new ClassicTranslator({ now: () => 1 });
  for (const step of STEPS) classic.translate(step);
  const types = (stream: string) =>
    classic.translate({ stream }).map(({ type }) => type);
  assertEquals(types(" ---> Running in 0123456789ab\n"), []);
  for (const stream of ["Step 3/11 : x\n", "[Warning] x\n", "\n"]) {
    assertEquals(types(stream), ["log"], stream);
  }
  assertEquals(
    types(" ---> Removed intermediate container 0123456789ab\n"),
    [],
  );
  assertEquals(types("[Warning] x\n"), ["warning"]);
  assertEquals(types("\n"), []);
});

Deno.test("ClassicLines tells how much of a text is the builder's own", () => {
  const lines = new ClassicLines();
  const running = " ---> Running in 0123456789ab\n";
  const removed = "Removing intermediate container 0123456789ab\n";
  const image = " ---> 0123456789ab\n";
  for (
    const [text, own] of [
      ["Step 1/2 : RUN a\n", "Step 1/2 : ".length],
      ["Successfully tagged a:1\n", "Successfully tagged ".length],
      ["[Warning] w\n", "[Warning] ".length],
      ["other\n", 0],
      ["Successfully built 0123456789ab\n", 32],
      [" ---> Using cache\n", 18],
      [running, running.length],
      // The program's, until its container is gone.
      ["Step 1/2 : RUN a\n", 0],
      [" ---> Using cache\n", 0],
      [running, 0],
      ["Successfully built 0123456789ab\n", 0],
      [removed, removed.length],
      ["Step 1/2 : RUN a\n", 11],
      [running, running.length],
      ["[Warning] w\n", 0],
      [image, image.length],
      ["[Warning] w\n", "[Warning] ".length],
    ] as const
  ) assertEquals([text, lines.ownLength(text)], [text, own]);
});

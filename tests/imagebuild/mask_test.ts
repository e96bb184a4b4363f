import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { decodeBase64 } from "../support/base64.ts";
import { BuildMask } from "../../lib/imagebuild/mask.ts";
import type {
  BuildMessage,
  TraceMessage,
} from "../../lib/imagebuild/message.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { masked, maskedEnd } from "./masked.ts";

const TOKEN = "hunter2-the-secret";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message with slices of logs: `[vertex, stream, text]` each. */
function logs(
  ...slices: [vertex: string, stream: number, text: string][]
): TraceMessage {
  return trace({
    vertexes: [],
    statuses: [],
    warnings: [],
    logs: slices.map(([vertex, stream, text]) => ({
      vertex,
      stream,
      timestamp: { seconds: 1, nanos: 2 },
      data: encoder.encode(text),
    })),
  });
}

function completed(digest: string, name = ""): TraceMessage {
  return trace({
    vertexes: [{
      digest,
      name,
      inputs: [],
      cached: false,
      started: { seconds: 1, nanos: 0 },
      completed: { seconds: 2, nanos: 0 },
      error: "",
      group: undefined,
    }],
    statuses: [],
    warnings: [],
    logs: [],
  });
}

/** As the engine sends it. */
function trace(status: SolveStatus): TraceMessage {
  return {
    id: "moby.buildkit.trace",
    aux: encodeTrace(status),
  } as TraceMessage;
}

function maskOf(...values: string[]): BuildMask {
  const mask = new BuildMask();
  mask.add(values.map((value, i) => [`s${i}`, new Secret(value)]));
  return mask;
}

function run(
  mask: BuildMask,
  messages: BuildMessage[],
  end = true,
): BuildMessage[] {
  return [
    ...messages.flatMap((message) => masked(mask, message)),
    ...(end ? maskedEnd(mask) : []),
  ];
}

/** What a step's output has become, by step and stream. */
function outputs(messages: BuildMessage[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const message of messages) {
    for (const log of (message as TraceMessage).trace?.logs ?? []) {
      const key = `${log.vertex}/${log.stream}`;
      texts[key] = (texts[key] ?? "") + decoder.decode(log.data);
    }
  }
  return texts;
}

Deno.test("BuildMask finds a secret at every cut between two messages", () => {
  for (let cut = 1; cut < TOKEN.length; cut++) {
    const given = run(maskOf(TOKEN), [
      logs(["a", 1, `x${TOKEN.slice(0, cut)}`]),
      logs(["a", 1, `${TOKEN.slice(cut)}y\n`]),
    ]);
    assertEquals(outputs(given), { "a/1": "x***y\n" });
    for (const message of given) {
      assertFalse(
        decoder.decode(decodeBase64(message.aux as string)).includes(
          "hunter2-the-s",
        ),
      );
    }
  }
});

Deno.test("BuildMask keeps steps, stdout and stderr apart", () => {
  const given = run(maskOf(TOKEN), [
    logs(["a", 1, "hunter2"], ["a", 2, "err"], ["b", 1, "hunter2-th"]),
    logs(["b", 1, "e-secret!"], ["a", 1, "-the-secret."], ["a", 2, "or\n"]),
  ]);
  assertEquals(outputs(given), {
    "a/1": "***.",
    "a/2": "error\n",
    "b/1": "***!",
  });
});

Deno.test("BuildMask gives out what it held back when the step, or all, has ended", () => {
  const mask = maskOf(TOKEN);
  assertEquals(
    outputs(run(mask, [logs(["a", 1, "hunter"], ["b", 2, "hun"])], false)),
    {},
  );
  const ended = run(mask, [completed("a")], false);
  assertEquals(outputs(ended), { "a/1": "hunter" });
  assertEquals((ended[0] as TraceMessage).trace.logs[0]!.timestamp, {
    seconds: 2,
    nanos: 0,
  });
  assertEquals(outputs(run(mask, [])), { "b/2": "hun" });
  assertEquals(
    outputs(run(mask, [logs(["c", 2, "hun"]), completed("c")], false)),
    { "c/2": "hun" },
  );
});

Deno.test("BuildMask masks names, and passes what holds no secret as it came", () => {
  const mask = maskOf(TOKEN);
  const [named] = run(mask, [completed("a", `RUN echo ${TOKEN}`)], false);
  assertEquals((named as TraceMessage).trace.vertexes[0]!.name, "RUN echo ***");
  const clean = logs(["a", 1, "nothing here\n"]);
  const [passed] = run(mask, [clean], false);
  assert(passed!.aux === clean.aux, "the raw form is not encoded again");
  assertEquals(run(mask, [{ status: `pull ${TOKEN}`, error: TOKEN }]), [{
    status: "pull ***",
    error: "***",
  }]);
});

Deno.test("BuildMask follows the classic builder's text over messages", () => {
  const text = (messages: BuildMessage[]) =>
    messages.map((message) => message.stream ?? "").join("");
  for (let cut = 1; cut < TOKEN.length; cut++) {
    const given = run(maskOf(TOKEN), [
      { stream: `ü ${TOKEN.slice(0, cut)}` },
      { stream: `${TOKEN.slice(cut)}\n` },
      { stream: "hunt" },
      { aux: { ID: "sha256:1" } },
    ]);
    assertEquals(text(given), "ü ***\nhunt");
    assertEquals(given.at(-1), { aux: { ID: "sha256:1" } });
  }
});

Deno.test("BuildMask masks a value from the moment that it is given, also behind a beginning", () => {
  const mask = maskOf(TOKEN);
  const before = run(mask, [logs(["a", 1, "later-value hunter2"])], false);
  mask.add([["late", new Secret("later-value")]]);
  const after = run(mask, [logs(["a", 1, "-the-secret later-value"])]);
  assertEquals(outputs([...before, ...after]), {
    "a/1": "later-value *** ***",
  });
  assertEquals(mask.text(`${TOKEN} later-value`), "*** ***");
});

Deno.test("BuildMask gives characters whole whose bytes it held back", () => {
  const text = (messages: BuildMessage[]) =>
    messages.map(({ stream }) => stream ?? "").join("");
  // The second byte of "ü" may begin this value.
  const value = Uint8Array.of(0xbc, 1, 2, 3, 4, 5, 6, 7, 8);
  const mask = () => {
    const mask = new BuildMask();
    mask.add([["a", new Secret(value)]]);
    return mask;
  };
  assertEquals(text(run(mask(), [{ stream: "aü" }, { stream: "b" }])), "aüb");
  assertEquals(text(run(mask(), [{ stream: "aü" }])), "aü");
  assertEquals(
    text(run(mask(), [{ stream: "aü" }, { status: "x" }])),
    "aü",
  );
});

Deno.test("BuildMask without a value gives a trace on as it is", () => {
  const status: SolveStatus = {
    vertexes: [],
    statuses: [],
    warnings: [],
    logs: [{
      vertex: "a",
      stream: 1,
      timestamp: undefined,
      data: new Uint8Array(),
    }],
  };
  assert(new BuildMask().status(status) === status);
});

Deno.test("BuildMask leaves out a trace that it can not read, and says so", () => {
  const broken = { id: "moby.buildkit.trace", aux: "////" } as BuildMessage;
  const [message] = run(maskOf(TOKEN), [broken], false);
  assertEquals(message!.id, "davit.warning");
});

Deno.test("BuildMask.add() names the values that are too short, and those with lines that are", () => {
  const mask = new BuildMask();
  const named = mask.add([
    ["a", new Secret("abc")],
    ["b", new Secret(TOKEN)],
    ["c", new Secret("")],
    ["d", new Secret("admin\nhunt3r2\n")],
  ]);
  assertEquals(named, { short: ["a"], partial: ["d"] });
  assertEquals(mask.add([["e", new Secret("abcd")]]), {
    short: [],
    partial: [],
  });
  // Those that were added before are not named again.
  assertEquals(
    mask.add([
      ["f", new Secret("long enough")],
      ["g", new Secret("xyz")],
      ["h", new Secret("other\nw0rds\n")],
    ]),
    { short: ["g"], partial: ["h"] },
  );
});

Deno.test("BuildMask.use() takes other values in the middle of a text, and loses none of it", () => {
  const mask = new BuildMask();
  const redactorOf = (value: string) => createRedactor([encoder.encode(value)]);
  mask.use(redactorOf("abcdef"));
  const text = (...messages: BuildMessage[]) =>
    messages.map(({ stream }) => stream).join("");
  let out = text(...masked(mask, { stream: "1 abcd" }));
  // Each gives out what the one before held back.
  mask.use(redactorOf("other value"));
  mask.use(redactorOf("another value"));
  mask.use(redactorOf("ef and more"));
  out += text(...masked(mask, { stream: "ef and more" }), ...maskedEnd(mask));
  assertEquals(out, "1 abcd***");
});

/** What frontends answer, as engines of this kind wrote it, and what none does. */
import {
  readCheck,
  readOutline,
  readTargets,
  sourceIn,
} from "../../lib/imagebuild/calls/read_answer.ts";
import {
  answerOf,
  ask,
  type FrontendAnswer,
  knows,
} from "../../lib/imagebuild/calls/frontend_call.ts";
import type { Bridge, BridgeResult } from "../../lib/buildkit/bridge.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import { ProtocolError, UnsupportedError } from "../../lib/errors.ts";
import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";

const TEXT = "one\ntwo\nthree\nfour\nfive\nsix\n";

function answer(value: unknown): FrontendAnswer {
  return {
    version: "1.0.0",
    json: typeof value === "string" ? value : JSON.stringify(value),
    text: undefined,
    statusCode: 0,
  };
}

const asTold = (file: string) => file;

function at(...lines: (number | readonly [number, number])[]) {
  return {
    ranges: lines.map((line) => {
      const [start, end] = typeof line === "number" ? [line, line] : line;
      return { start: { line: start }, end: { line: end } };
    }),
  };
}

function check(warnings: unknown, more: object = {}) {
  return answer({
    warnings,
    sources: [{ filename: "Dockerfile", data: btoa(TEXT) }],
    ...more,
  });
}

function warning(ruleName: string, location?: unknown) {
  return { ruleName, description: "d", url: "u", detail: "x", location };
}

Deno.test("violations are in the order of their places, those without one first, by their rules", () => {
  const { violations, error } = readCheck(
    check([
      warning("E", at(5)),
      warning("C", at(2, 3)),
      warning("B"),
      warning("D", at(2)),
      warning("A", { ranges: null }),
    ]),
    asTold,
  );
  assertEquals(violations.map(({ rule }) => rule), ["A", "B", "C", "D", "E"]);
  assertEquals(violations.map(({ place }) => place?.lines), [
    undefined,
    undefined,
    ["two", "three"],
    ["two"],
    ["five"],
  ]);
  assertEquals(error, undefined);
  assertEquals(readCheck(check(null), asTold), {
    violations: [],
    error: undefined,
  });
});

Deno.test("a place has its ranges, its lines, and an excerpt in which its lines alone are marked", () => {
  const [violation] = readCheck(
    check([warning("R", at(2, [4, 4]))]),
    (file, text) => `${file} of ${text.length}`,
  ).violations;
  assertEquals(violation, {
    rule: "R",
    description: "d",
    url: "u",
    detail: "x",
    place: {
      file: "Dockerfile of 28",
      ranges: [{ start: 2, end: 2 }, { start: 4, end: 4 }],
      lines: ["two", "three", "four"],
      excerpt: [
        "Dockerfile of 28:2",
        "--------------------",
        "   1 |     one",
        "   2 | >>> two",
        "   3 |     three",
        "   4 | >>> four",
        "   5 |     five",
        "--------------------",
      ].join("\n"),
    },
  });
});

Deno.test("violations of one rule without a place keep their order", () => {
  const both = ["first", "second"].map((detail) => ({
    ...warning("R"),
    detail,
  }));
  assertEquals(
    readCheck(check(both), asTold).violations.map(({ detail }) => detail),
    ["first", "second"],
  );
});

Deno.test("a violation that has no words is one all the same", () => {
  assertEquals(readCheck(check([{}]), asTold).violations, [
    { rule: "", description: "", url: "", detail: "", place: undefined },
  ]);
});

Deno.test("an answer of a newer form is not read, one without a version is", () => {
  for (const version of [undefined, "1", "1.0.0", "1.7.2"]) {
    assertEquals(readTargets({ ...answer({}), version }, asTold), []);
  }
  for (const version of ["2.0.0", "10.0.0", "0.1"]) {
    for (const read of [readCheck, readOutline, readTargets]) {
      assertThrows(
        () => read({ ...answer({}), version }, asTold),
        UnsupportedError,
        `has the form ${version}, and davit knows 1`,
      );
    }
  }
});

Deno.test("places that are none are left out", () => {
  for (
    const location of [
      null,
      {},
      { ranges: [] },
      { ranges: [{}] },
      { ranges: [{ start: { line: 0 } }] },
      { ranges: [{ end: { line: 2 } }] },
      { ranges: [{ start: { line: 3 }, end: { line: 2 } }] },
      { ...at(1), sourceIndex: 1 },
      { ...at(1), sourceIndex: -1 },
    ]
  ) {
    const [violation] = readCheck(check([warning("R", location)]), asTold)
      .violations;
    assertEquals(violation?.place, undefined, JSON.stringify(location));
  }
  // An end that is missing is the line itself.
  const [one] = readCheck(
    check([warning("R", { ranges: [{ start: { line: 6 } }] })]),
    asTold,
  ).violations;
  assertEquals(one?.place?.ranges, [{ start: 6, end: 6 }]);
  // Of several files, the place is in the one that is meant.
  const [other] = readCheck(
    answer({
      warnings: [warning("R", { ...at(1), sourceIndex: 1 })],
      sources: [
        { filename: "a", data: btoa("in a") },
        { filename: "b", data: btoa("in b") },
      ],
    }),
    asTold,
  ).violations;
  assertEquals([other?.place?.file, other?.place?.lines], ["b", ["in b"]]);
});

Deno.test("why it can't be built has words, and a place if BuildKit tells one", () => {
  assertEquals(
    readCheck(
      check([], { buildError: { message: "no", location: at(2) } }),
      asTold,
    )
      .error?.place?.lines,
    ["two"],
  );
  assertEquals(
    readCheck(check([], { buildError: { message: "no" } }), asTold).error,
    { message: "no", place: undefined },
  );
  assertEquals(
    readCheck(check([], { buildError: {} }), asTold).error?.message,
    "",
  );
});

Deno.test("an outline and targets are read with what a frontend may leave out", () => {
  const sources = [btoa(TEXT)];
  assertEquals(
    readOutline(
      answer({
        name: "n",
        description: "d",
        args: [{ name: "A", value: "", description: "a", location: at(1) }, {}],
        secrets: [{ name: "s", required: true, location: at(2) }, {
          name: "t",
        }],
        ssh: [{ name: "default" }],
        cache: [{ ID: "c", location: at(3) }, {}],
        sources,
      }),
      () => "path",
    ),
    {
      name: "n",
      description: "d",
      args: [
        { name: "A", value: "", description: "a", place: placeOf(1, "one") },
        { name: "", value: undefined, description: "", place: undefined },
      ],
      secrets: [
        { id: "s", required: true, place: placeOf(2, "two") },
        { id: "t", required: false, place: undefined },
      ],
      ssh: [{ id: "default", required: false, place: undefined }],
      caches: [
        { id: "c", place: placeOf(3, "three") },
        { id: "", place: undefined },
      ],
    },
  );
  assertEquals(readOutline(answer({ args: null }), asTold), {
    name: "",
    description: "",
    args: [],
    secrets: [],
    ssh: [],
    caches: [],
  });
  assertEquals(
    readTargets(
      answer({
        targets: [{
          name: "n",
          default: true,
          description: "d",
          base: "b",
          platform: "p",
          location: at(1),
        }, {}],
        sources,
      }),
      () => "path",
    ),
    [
      {
        name: "n",
        default: true,
        description: "d",
        base: "b",
        platform: "p",
        place: placeOf(1, "one"),
      },
      {
        name: "",
        default: false,
        description: "",
        base: "",
        platform: "",
        place: undefined,
      },
    ],
  );
  assertEquals(readTargets(answer({ targets: null }), asTold), []);
  assertEquals(sourceIn(answer({ sources })), TEXT);
  assertEquals(sourceIn(answer({ sources: null })), undefined);
});

function placeOf(line: number, text: string) {
  const { place } = readTargets(
    answer({ targets: [{ location: at(line) }], sources: [btoa(TEXT)] }),
    () => "path",
  )[0]!;
  assertEquals(place?.lines, [text]);
  assertEquals([place?.file, place?.ranges], [
    "path",
    [{ start: line, end: line }],
  ]);
  return place;
}

Deno.test("an answer of another form is a ProtocolError that does not quote it", () => {
  const SECRETLY = "hunter2";
  for (
    const value of [
      `${SECRETLY} {`,
      "[]",
      `"${SECRETLY}"`,
      { warnings: SECRETLY },
      { warnings: [SECRETLY] },
      { warnings: [{ ruleName: 1 }] },
      { warnings: [{ location: SECRETLY }] },
      { sources: [{ data: `${SECRETLY}!` }] },
      { warnings: [{ location: { ranges: SECRETLY } }] },
      { buildError: SECRETLY },
      {
        warnings: [{ location: { ranges: [{ start: { line: SECRETLY } }] } }],
        sources: [{ data: "" }],
      },
    ]
  ) {
    const error = assertThrows(
      () => readCheck(answer(value), asTold),
      ProtocolError,
    );
    assertEquals(error.message.includes(SECRETLY), false, error.message);
  }
  for (const value of [{ args: [{ name: 1 }] }, { sources: [1] }, "x"]) {
    assertThrows(() => readOutline(answer(value), asTold), ProtocolError);
  }
  for (const value of [{ targets: 1 }, { sources: ["!"] }]) {
    assertThrows(() => readTargets(answer(value), asTold), ProtocolError);
  }
  assertThrows(
    () => readCheck({ ...answer(""), json: undefined }, asTold),
    ProtocolError,
    "no JSON document",
  );
});

function result(metadata: Record<string, string>): BridgeResult {
  return {
    refs: new Map(),
    metadata: new Map(
      Object.entries(metadata).map(([name, text]) => [
        name,
        new TextEncoder().encode(text),
      ]),
    ),
    message: new Uint8Array(),
  };
}

Deno.test("an answer has what the frontend told, and a code if that is a number", () => {
  assertEquals(
    answerOf(
      result({
        version: "1.0.0",
        "result.json": "{}",
        "result.txt": "t",
        "result.statuscode": "3",
      }),
    ),
    { version: "1.0.0", json: "{}", text: "t", statusCode: 3 },
  );
  for (const code of ["", "x"]) {
    assertEquals(answerOf(result({ "result.statuscode": code })).statusCode, 0);
  }
  assertEquals(answerOf(result({})), {
    version: undefined,
    json: undefined,
    text: undefined,
    statusCode: 0,
  });
});

Deno.test("a question goes to the build's frontend, with its attributes and those of its own", async () => {
  const asked: unknown[] = [];
  const bridge = {
    solve(request: unknown) {
      asked.push(request);
      return Promise.resolve(result({}));
    },
  } as unknown as Bridge;
  const { signal } = new AbortController();
  for (const caps of [undefined, "moby.buildkit.frontend.contexts"]) {
    const frontendAttrs: Record<string, string> = {
      target: "t",
      platform: "a",
      ...(caps === undefined ? {} : { "frontend.caps": caps }),
    };
    const request = { ref: "r", frontend: "f", frontendAttrs };
    await ask(bridge, { request }, "lint", { platform: "b" }, signal);
    const capability = "moby.buildkit.frontend.subrequests+forward";
    assertEquals(asked.pop(), {
      ...request,
      frontendAttrs: {
        target: "t",
        platform: "b",
        requestid: "frontend.lint",
        "frontend.caps": caps === undefined
          ? capability
          : `${caps},${capability}`,
      },
    });
  }
  for (
    const [detail, isUnknown] of [
      [
        "failed to solve with frontend dockerfile.v0: unsupported request frontend.lint",
        true,
      ],
      [
        "unsupported frontend capability moby.buildkit.frontend.subrequests",
        true,
      ],
      [
        "unsupported frontend capability moby.buildkit.frontend.contexts",
        false,
      ],
    ] as const
  ) {
    const error = new SolveError({ code: GrpcCode.UNKNOWN, detail });
    const failing = {
      solve: () => Promise.reject(error),
    } as unknown as Bridge;
    const request = { ref: "r", frontend: "f", frontendAttrs: {} };
    const run = () => ask(failing, { request }, "lint", {}, signal);
    if (isUnknown) assertEquals(await run(), undefined);
    else assertEquals(await assertRejects(run), error);
  }
});

Deno.test("an engine's own frontend knows questions by the engine's age; of another one nobody knows", () => {
  const build = (
    apiVersion: string | undefined,
    text: string | undefined,
    buildArgs: Record<string, string> = {},
  ) =>
    ({
      facts: apiVersion === undefined ? undefined : { apiVersion },
      request: { buildArgs },
      context: {
        dockerfile: text === undefined ? undefined : { name: "D", text },
      },
    }) as never;
  for (
    const [name, first, before] of [
      ["lint", "1.46", "1.45"],
      ["outline", "1.43", "1.42"],
      ["targets", "1.43", "1.42"],
      ["other", "1.39", "1.38"],
    ] as const
  ) {
    assertEquals(knows(build(first, "FROM a"), name), true, name);
    assertEquals(knows(build(before, "FROM a"), name), false, name);
    for (
      const unknown of [
        build(undefined, "FROM a"),
        build("1.30", undefined),
        build("1.30", "# syntax=docker/dockerfile:1\nFROM a"),
        build("1.30", "FROM a", { BUILDKIT_SYNTAX: "x" }),
      ]
    ) assertEquals(knows(unknown, name), true, name);
  }
});

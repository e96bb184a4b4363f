import type { BuildMessage } from "../../lib/imagebuild/message.ts";
import type { JsonMessage } from "../../lib/engine/message.ts";
import {
  BUILD_MESSAGE_FIELDS,
  ERROR_FIELDS,
  HISTORY_FIELDS,
  IMAGE_FIELDS,
  IMAGE_LIST_FIELDS,
  OWN_EVENT_FIELDS,
  TRACE_FIELDS,
  TRANSFER_MESSAGE_FIELDS,
} from "../../lib/masks/answer_fields.ts";
import type { FieldNode } from "../../lib/masks/field_kind.ts";
import { maskFields, type TextMask } from "../../lib/masks/mask_fields.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";

const VALUE = "the-value";
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = encoder.encode(VALUE);

/** Masks one value; `seen` gets each thing that was looked at. */
function maskOf(value: string): TextMask {
  const text = (given: string) => given.replaceAll(value, "***");
  return {
    text,
    bytes(given) {
      const before = decoder.decode(given);
      const after = text(before);
      return after === before ? given : encoder.encode(after);
    },
  };
}

/** Every key and every leaf, with the way to it; bytes as text. */
function leaves(value: unknown, path = ""): [path: string, leaf: unknown][] {
  if (value instanceof Uint8Array) return [[path, decoder.decode(value)]];
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === "" ? key : `${path}.${key}`)
  );
}

const TIME = { seconds: 1, nanos: 2 };

/** All that BuildKit's log can say; the value stands in every field that can hold text. */
const STATUS: SolveStatus = {
  vertexes: [{
    digest: VALUE,
    inputs: [VALUE],
    name: VALUE,
    cached: true,
    started: TIME,
    completed: TIME,
    error: VALUE,
    group: { id: VALUE, name: VALUE, weak: true, unknown: bytes },
    unknown: bytes,
  }],
  statuses: [{
    id: `${VALUE} ${DIGEST}`,
    vertex: VALUE,
    name: VALUE,
    current: 1,
    total: 2,
    timestamp: TIME,
    started: TIME,
    completed: TIME,
    unknown: bytes,
  }],
  logs: [{
    vertex: VALUE,
    timestamp: TIME,
    stream: 1,
    data: bytes,
    unknown: bytes,
  }],
  warnings: [{
    vertex: VALUE,
    level: 1,
    short: bytes,
    detail: [encoder.encode("clean"), bytes, encoder.encode("clean too")],
    url: VALUE,
    info: {
      filename: VALUE,
      data: bytes,
      language: VALUE,
      unknown: bytes,
    },
    ranges: [{
      start: { line: 1, character: 2 },
      end: { line: 3, character: 4 },
    }],
    unknown: bytes,
  }],
  unknown: bytes,
};

const MESSAGE: Required<JsonMessage> & { message: string } = {
  message: VALUE,
  id: VALUE,
  stream: VALUE,
  status: `${VALUE} ${DIGEST}`,
  progress: VALUE,
  progressDetail: { current: 1, total: 2, start: 3, units: VALUE },
  error: VALUE,
  errorDetail: { message: VALUE, code: 1 },
  aux: { ID: VALUE },
};

const CONFIG = {
  Env: [`A=${VALUE}`],
  Cmd: [VALUE],
  Entrypoint: [VALUE],
  Labels: { a: VALUE, [VALUE]: "b" },
  User: VALUE,
  WorkingDir: VALUE,
  Image: VALUE,
  ExposedPorts: { "80/tcp": {}, [VALUE]: {} },
  Volumes: { "/a": {}, [VALUE]: {} },
  OnBuild: [VALUE],
  Shell: [VALUE],
  Healthcheck: { Test: [VALUE], Interval: 5 },
  StopSignal: VALUE,
};

const IMAGE = {
  Id: VALUE,
  RepoTags: [VALUE],
  RepoDigests: [VALUE],
  Parent: VALUE,
  Comment: VALUE,
  Created: VALUE,
  Container: VALUE,
  ContainerConfig: CONFIG,
  Config: CONFIG,
  DockerVersion: VALUE,
  Author: VALUE,
  Architecture: VALUE,
  Variant: VALUE,
  Os: VALUE,
  Size: 1,
  GraphDriver: { Name: VALUE, Data: { MergedDir: VALUE } },
  RootFS: { Type: VALUE, Layers: [VALUE] },
  Metadata: { LastTagTime: VALUE },
  Descriptor: { digest: VALUE },
};

/** Each answer, and what of it is text or left out: all that a mask may change. */
const ANSWERS: readonly (readonly [
  name: string,
  node: FieldNode,
  answer: unknown,
  masked: readonly string[],
  leftOut: readonly string[],
])[] = [
  [
    "BuildKit's log",
    TRACE_FIELDS,
    STATUS,
    [
      "vertexes.0.name",
      "vertexes.0.error",
      "vertexes.0.group.name",
      "statuses.0.id",
      "logs.0.data",
      "warnings.0.short",
      "warnings.0.detail.1",
      "warnings.0.url",
      "warnings.0.info.filename",
      "warnings.0.info.data",
    ],
    [
      "vertexes.0.group.unknown",
      "vertexes.0.unknown",
      "statuses.0.unknown",
      "logs.0.unknown",
      "warnings.0.info.unknown",
      "warnings.0.unknown",
      "unknown",
    ],
  ],
  [
    "a build's message",
    BUILD_MESSAGE_FIELDS,
    { ...MESSAGE, id: "moby.image.id" },
    ["message", "stream", "status", "error", "errorDetail.message"],
    [],
  ],
  [
    "the classic builder's image",
    BUILD_MESSAGE_FIELDS,
    { aux: { ID: VALUE } },
    [],
    [],
  ],
  ...["warning", "secret", "login", "ssh", "context"].map((kind) =>
    [
      `davit's own ${kind}`,
      BUILD_MESSAGE_FIELDS,
      {
        id: `davit.${kind}`,
        status: VALUE,
        aux: kind === "warning"
          ? { code: VALUE, name: VALUE, count: 1 }
          : kind === "login"
          ? { registry: VALUE, state: VALUE }
          : kind === "context"
          ? { files: 1, filesReused: 2, bytesOffered: 3, more: VALUE }
          : { id: VALUE, state: VALUE },
      },
      ["status"],
      [],
    ] as const
  ),
  [
    "davit's own export",
    BUILD_MESSAGE_FIELDS,
    {
      id: "davit.export",
      aux: { dest: VALUE, entries: 1, bytes: 2, skipped: 3 },
    },
    ["aux.dest"],
    [],
  ],
  [
    "davit's own cache",
    BUILD_MESSAGE_FIELDS,
    {
      id: "davit.cache",
      aux: {
        action: "import",
        kind: VALUE,
        place: VALUE,
        state: "failed",
        digest: DIGEST,
        error: VALUE,
      },
    },
    ["aux.place", "aux.error"],
    [],
  ],
  [
    "davit's own event",
    OWN_EVENT_FIELDS,
    {
      type: VALUE,
      vertex: VALUE,
      level: 1,
      short: VALUE,
      detail: [VALUE],
      url: VALUE,
      source: { file: VALUE },
      code: VALUE,
      id: VALUE,
      registry: VALUE,
      state: VALUE,
      dest: VALUE,
      entries: 1,
      bytes: 2,
      skipped: 3,
      files: 4,
      filesReused: 5,
      bytesOffered: 6,
      bytesSent: 7,
      action: VALUE,
      kind: VALUE,
      place: VALUE,
      digest: DIGEST,
      error: VALUE,
    },
    ["short", "detail.0", "dest", "place", "error"],
    [],
  ],
  [
    "a message of a kind that nobody knows",
    BUILD_MESSAGE_FIELDS,
    {
      ...MESSAGE,
      id: VALUE,
      more: { deep: [VALUE] },
      other: "clean",
      [VALUE]: 1,
    },
    ["message", "stream", "status", "error", "errorDetail.message"],
    ["aux.ID", "more.deep.0", VALUE],
  ],
  [
    "a transfer's message",
    TRANSFER_MESSAGE_FIELDS,
    { ...MESSAGE, aux: { Tag: VALUE, Digest: VALUE, Size: 1 } },
    ["message", "stream", "status", "error", "errorDetail.message"],
    [],
  ],
  ["an error", ERROR_FIELDS, { message: VALUE }, ["message"], []],
  [
    "an image",
    IMAGE_FIELDS,
    IMAGE,
    [
      "Comment",
      ...["ContainerConfig", "Config"].flatMap((config) =>
        [
          "Env.0",
          "Cmd.0",
          "Entrypoint.0",
          "Labels.a",
          "User",
          "WorkingDir",
          "OnBuild.0",
          "Shell.0",
          "Healthcheck.Test.0",
        ].map((path) => `${config}.${path}`)
      ),
      "Author",
    ],
    ["ContainerConfig", "Config"].map((config) => `${config}.Labels.${VALUE}`),
  ],
  [
    "an image's history",
    HISTORY_FIELDS,
    [{
      Id: VALUE,
      Created: 1,
      CreatedBy: VALUE,
      Tags: [VALUE],
      Size: 1,
      Comment: VALUE,
    }],
    ["0.CreatedBy", "0.Comment"],
    [],
  ],
  [
    "the list of images",
    IMAGE_LIST_FIELDS,
    [{
      Id: VALUE,
      ParentId: VALUE,
      RepoTags: [VALUE],
      RepoDigests: [VALUE],
      Created: 1,
      Size: 1,
      Labels: { a: VALUE, [VALUE]: "b" },
    }],
    ["0.Labels.a"],
    [`0.Labels.${VALUE}`],
  ],
];

for (const [name, node, answer, text, leftOut] of ANSWERS) {
  Deno.test(`the mask changes text, and nothing else, of ${name}`, () => {
    const before = leaves(answer);
    const mask = maskOf(VALUE);
    const after = new Map(leaves(maskFields(answer, node, mask)));
    const changed = before.filter(([path, leaf]) =>
      after.has(path) && after.get(path) !== leaf
    ).map(([path]) => path);
    assertEquals(changed, text);
    for (const path of changed) {
      assertEquals(
        after.get(path),
        String(new Map(before).get(path)).replace(VALUE, "***"),
      );
    }
    const gone = before.filter(([path]) => !after.has(path)).map(([path]) =>
      path
    );
    assertEquals(gone, leftOut);
    assert(
      after.keys().every((path) => before.some(([known]) => known === path)),
      "no key is new",
    );
    // What holds no value is not even copied.
    assertStrictEquals(
      maskFields(answer, node, maskOf("something else")),
      answer,
    );
  });
}

Deno.test("no field is missing among the answers that the mask is tried with", () => {
  for (const [name, node, answer] of ANSWERS) {
    if (typeof node === "string" || !("unknown" in node)) continue;
    assertEquals(Object.keys(answer as object), Object.keys(node), name);
  }
  assertEquals(Object.keys(MESSAGE), Object.keys(BUILD_MESSAGE_FIELDS));
});

Deno.test("what stands where something else is expected is left out if it holds a value", () => {
  const mask = maskOf(VALUE);
  const of = (answer: unknown) =>
    maskFields(answer, BUILD_MESSAGE_FIELDS, mask);
  for (const wrong of [{ a: VALUE }, { [VALUE]: 1 }, [VALUE], [[bytes]]]) {
    assertEquals(of({ status: wrong, id: "a" }), { id: "a" });
  }
  assertEquals(of({ errorDetail: VALUE }), {});
  assertEquals(of({ errorDetail: [VALUE] }), {});
  assertEquals(of({ errorDetail: { a: VALUE } }), { errorDetail: {} });
  assertEquals(of(VALUE), undefined);
  assertEquals(of([VALUE]), undefined);
  assertEquals(of(7), 7);
  assertEquals(of(null), null);
  const clean = {
    status: { a: ["b"] },
    errorDetail: "c",
    stream: null,
    error: undefined,
    aux: null,
  };
  assertStrictEquals(of(clean), clean);
  // However deep it lies: a walk by recursion would overflow the stack.
  let deep: unknown = [VALUE];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assertEquals(of({ more: deep }), {});
});

Deno.test("a part of a step's output is masked as one, with what it belongs to, and other bytes are not", () => {
  const log = { vertex: "a", data: encoder.encode("a part") };
  const given = {
    logs: [log],
    warnings: [{ short: encoder.encode("a warning") }],
  };
  const parts: [text: string, owner: object][] = [];
  const mask: TextMask = {
    ...maskOf("warning"),
    output(part, owner) {
      parts.push([decoder.decode(part), owner]);
      return encoder.encode("masked");
    },
  };
  assertEquals(
    leaves(maskFields(given as unknown as SolveStatus, TRACE_FIELDS, mask)),
    [
      ["logs.0.vertex", "a"],
      ["logs.0.data", "masked"],
      ["warnings.0.short", "a ***"],
    ],
  );
  assertEquals(parts.map(([text]) => text), ["a part"]);
  assertStrictEquals(parts[0]![1], log);
});

Deno.test("a key like __proto__ stays what it is", () => {
  const message: BuildMessage = JSON.parse(
    `{"__proto__":{"a":"clean"},"constructor":"${VALUE}","status":"${VALUE}"}`,
  );
  const masked = maskFields(message, BUILD_MESSAGE_FIELDS, maskOf(VALUE));
  assertEquals(
    JSON.stringify(masked),
    '{"__proto__":{"a":"clean"},"status":"***"}',
  );
});

Deno.test("the digests in an engine's sentence stay", () => {
  for (
    const [value, before, after] of [
      ["sha256:", `Digest: ${DIGEST}`, `Digest: ${DIGEST}`],
      [
        "0123",
        `exporting ${DIGEST}0 0123`,
        "exporting sha256:***456789abcdef***",
      ],
      ["0123", `a 0123 ${DIGEST} 0123`, `a *** ${DIGEST} ***`],
      ["sha256:", "sha256:abc", "***abc"],
    ] as const
  ) {
    const { status } = maskFields(
      { status: before },
      TRANSFER_MESSAGE_FIELDS,
      maskOf(value),
    )!;
    assert(status.startsWith(after), status);
  }
});

/** The messages of LLBBridge, held to the code that is generated of the definition. */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  bridgeResult,
  bridgeSolveRequest,
  bridgeSolveResponse,
  evaluateRequest,
  readDirRequest,
  readDirResponse,
  readFileRequest,
  readFileResponse,
  returnRequest,
  statFileRequest,
  statFileResponse,
} from "../../lib/proto/llbbridge.ts";
import { ProtobufError } from "../../lib/proto/wire_reader.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Random } from "../support/random.ts";
import * as bridge from "./gen/llbbridge_pb.ts";

function generated<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

const RESULT = generated(bridge.ResultSchema, {
  result: {
    case: "refs",
    value: {
      refs: { "linux/amd64": { id: "a", def: { def: [Uint8Array.of(1)] } } },
    },
  },
  metadata: { "result.json": Uint8Array.of(2, 3) },
});

const STAT = {
  path: "file",
  mode: 0x80000000 + 0o755,
  uid: 1,
  gid: 2,
  size: 2n ** 40n,
  modTime: 1_795_915_536_938_727_424n,
  linkname: "target",
};

Deno.test("requests of LLBBridge are what the generated code reads", () => {
  const cases: [Uint8Array, DescMessage, Record<string, unknown>][] = [
    [
      bridgeSolveRequest.encode({
        frontend: "dockerfile.v0",
        frontendOpt: new Map([["a", "b"]]),
        allowResultReturn: true,
        allowResultArrayRef: true,
        cacheImports: [{ type: "registry", attrs: new Map([["ref", "r"]]) }],
        frontendInputs: new Map([[
          "n",
          { operations: [Uint8Array.of(7)], metadata: new Map() },
        ]]),
      }),
      bridge.SolveRequestSchema,
      {
        Frontend: "dockerfile.v0",
        FrontendOpt: { a: "b" },
        allowResultReturn: true,
        allowResultArrayRef: true,
        CacheImports: [{ Type: "registry", Attrs: { ref: "r" } }],
        FrontendInputs: { n: { def: [Uint8Array.of(7)] } },
      },
    ],
    [
      returnRequest.encode({ result: RESULT }),
      bridge.ReturnRequestSchema,
      { result: fromBinary(bridge.ResultSchema, RESULT) },
    ],
    [
      returnRequest.encode({ result: new Uint8Array() }),
      bridge.ReturnRequestSchema,
      { result: {} },
    ],
    [
      returnRequest.encode({ error: { code: 2, message: "no" } }),
      bridge.ReturnRequestSchema,
      { error: { code: 2, message: "no" } },
    ],
    [
      readFileRequest.encode({
        ref: "r",
        path: "/p",
        range: { offset: 2 ** 40, length: 5 },
      }),
      bridge.ReadFileRequestSchema,
      { Ref: "r", FilePath: "/p", Range: { Offset: 2n ** 40n, Length: 5n } },
    ],
    [
      readDirRequest.encode({ ref: "r", path: "/p" }),
      bridge.ReadDirRequestSchema,
      { Ref: "r", DirPath: "/p" },
    ],
    [
      statFileRequest.encode({ ref: "r", path: "/p" }),
      bridge.StatFileRequestSchema,
      { Ref: "r", Path: "/p" },
    ],
    [
      evaluateRequest.encode({ ref: "r" }),
      bridge.EvaluateRequestSchema,
      { Ref: "r" },
    ],
  ];
  for (const [bytes, schema, init] of cases) {
    assertEquals(
      fromBinary(schema, bytes),
      create(schema, init as MessageInitShape<typeof schema>),
      schema.name,
    );
  }
});

Deno.test("answers of LLBBridge are read as the generated code writes them", () => {
  const kept = bridgeSolveResponse.decode(
    generated(bridge.SolveResponseSchema, {
      ref: "old",
      result: fromBinary(bridge.ResultSchema, RESULT),
    }),
  );
  // With all of its fields, to be given back.
  assertEquals(kept.result, RESULT);
  assertEquals(bridgeSolveResponse.decode(new Uint8Array()), {
    result: undefined,
  });
  assertEquals(bridgeResult.decode(RESULT), {
    ref: undefined,
    refs: { refs: new Map([["linux/amd64", { id: "a" }]]) },
    metadata: new Map([["result.json", Uint8Array.of(2, 3)]]),
  });
  assertEquals(
    bridgeResult.decode(
      generated(bridge.ResultSchema, {
        result: { case: "ref", value: { id: "" } },
      }),
    ),
    { ref: { id: "" }, refs: undefined, metadata: new Map() },
  );
  const stat = { ...STAT, size: 2 ** 40, modTime: 1_795_915_536_938_727_424 };
  assertEquals(
    readDirResponse.decode(
      generated(bridge.ReadDirResponseSchema, { entries: [STAT, {}] }),
    ).entries,
    [stat, {
      path: "",
      mode: 0,
      uid: 0,
      gid: 0,
      size: 0,
      modTime: 0,
      linkname: "",
    }],
  );
  assertEquals(
    statFileResponse.decode(
      generated(bridge.StatFileResponseSchema, { stat: STAT }),
    ),
    { stat },
  );
  assertEquals(
    readFileResponse.decode(
      generated(bridge.ReadFileResponseSchema, { Data: Uint8Array.of(9) }),
    ),
    { data: Uint8Array.of(9) },
  );
});

Deno.test("bytes that are no result are a ProtobufError and nothing else", () => {
  const random = new Random(7);
  let refused = 0;
  for (let round = 0; round < 2_000; round++) {
    const input = RESULT.slice(0, 1 + random.below(RESULT.length));
    input[random.below(input.length)] = random.below(256);
    try {
      bridgeResult.decode(input);
    } catch (error) {
      assert(error instanceof ProtobufError, String(error));
      refused++;
    }
  }
  assert(refused > 200, `${refused}`);
});

/** The tables of fields, held to the code that is generated of the definitions. */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  credentials,
  fetchToken,
  getTokenAuthority,
} from "../../lib/proto/auth.ts";
import {
  bytesMessage,
  bytesMessagePrefix,
} from "../../lib/proto/bytes_message.ts";
import {
  COMMIT,
  contentAbort,
  contentInfo,
  contentStatus,
  readContentRequest,
  readContentResponse,
  STAT,
  WRITE,
  writeContent,
} from "../../lib/proto/content.ts";
import {
  infoResponse,
  listWorkersResponse,
  solveRequest,
  solveResponse,
  statusRequest,
} from "../../lib/proto/control.ts";
import { check, SERVING } from "../../lib/proto/health.ts";
import {
  historyEvent,
  historyRequest,
  historyUpdate,
} from "../../lib/proto/history.ts";
import { pong } from "../../lib/proto/llbbridge.ts";
import { getSecret } from "../../lib/proto/secrets.ts";
import { checkAgent } from "../../lib/proto/ssh.ts";
import { rpcStatus } from "../../lib/proto/status.ts";
import {
  diskUsageRequest,
  diskUsageResponse,
  pruneRequest,
} from "../../lib/proto/usage.ts";
import { ProtobufError } from "../../lib/proto/wire_reader.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Random } from "../support/random.ts";
import * as auth from "./gen/auth_pb.ts";
import * as content from "./gen/content_pb.ts";
import * as control from "./gen/control_pb.ts";
import { BytesMessageSchema } from "./gen/filesync_pb.ts";
import * as health from "./gen/health_pb.ts";
import {
  BuildHistoryEventSchema,
  BuildHistoryRequestSchema,
  DiskUsageRequestSchema,
  DiskUsageResponseSchema,
  PruneRequestSchema,
  UpdateBuildHistoryRequestSchema,
} from "./gen/history_pb.ts";
import { PongResponseSchema } from "./gen/llbbridge_pb.ts";
import * as secrets from "./gen/secrets_pb.ts";
import * as ssh from "./gen/ssh_pb.ts";
import { StatusSchema } from "./gen/status_pb.ts";

/** A message as the generated code writes it. */
function generated<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** A descriptor that is only its digest. */
const descriptorOf = (digest: string) => ({
  mediaType: "",
  digest,
  size: 0,
  annotations: new Map(),
});
const bytes = (...values: number[]) => Uint8Array.from(values);

Deno.test("what is read is what the generated code writes", () => {
  const labels = new Map([["a", "1"], ["", ""], ["__proto__", "x"]]);
  const record = {
    ID: "w",
    Labels: Object.fromEntries([...labels].slice(0, 2)),
    platforms: [{ Architecture: "arm", OS: "linux", Variant: "v7" }, {}],
    GCPolicy: [{
      all: true,
      keepDuration: 1n,
      reservedSpace: 2n,
      filters: ["type==regular", ""],
      maxUsedSpace: 3n,
      minFreeSpace: 4n,
    }],
  };
  const worker = {
    id: "w",
    labels: new Map([["a", "1"], ["", ""]]),
    platforms: [
      { architecture: "arm", os: "linux", variant: "v7" },
      { architecture: "", os: "", variant: "" },
    ],
    gcPolicy: [{
      all: true,
      keepDuration: 1,
      reservedSpace: 2,
      filters: ["type==regular", ""],
      maxUsedSpace: 3,
      minFreeSpace: 4,
    }],
  };
  const cases: [read: unknown, expected: unknown][] = [
    [
      getSecret.decode(
        generated(secrets.GetSecretRequestSchema, {
          ID: "näme",
          annotations: { a: "b" },
        }),
      ),
      { id: "näme" },
    ],
    [
      credentials.decode(
        generated(auth.CredentialsRequestSchema, { Host: "r.example:5000" }),
      ),
      { host: "r.example:5000" },
    ],
    [
      getTokenAuthority.decode(
        generated(auth.GetTokenAuthorityRequestSchema, {
          Host: "r.example",
          Salt: bytes(1, 2),
        }),
      ),
      { host: "r.example" },
    ],
    [
      fetchToken.decode(
        generated(auth.FetchTokenRequestSchema, {
          ClientID: "c",
          Host: "h",
          Realm: "https://r",
          Service: "s",
          Scopes: ["one", "", "two"],
        }),
      ),
      { clientId: "c", host: "h", scopes: ["one", "", "two"] },
    ],
    [
      checkAgent.decode(generated(ssh.CheckAgentRequestSchema, { ID: "i" })),
      { id: "i" },
    ],
    [
      bytesMessage.decode(
        generated(BytesMessageSchema, { data: bytes(0, 255) }),
      ),
      { data: bytes(0, 255) },
    ],
    [bytesMessage.decode(bytes()), { data: bytes() }],
    [
      check.decode(
        generated(health.HealthCheckRequestSchema, { service: "s" }),
      ),
      {},
    ],
    [
      solveResponse.decode(
        generated(control.SolveResponseSchema, {
          ExporterResponse: { "image.name": "a", empty: "" },
        }),
      ),
      { response: new Map([["image.name", "a"], ["empty", ""]]) },
    ],
    [
      listWorkersResponse.decode(
        generated(control.ListWorkersResponseSchema, { record: [record, {}] }),
      ),
      {
        workers: [worker, {
          id: "",
          labels: new Map(),
          platforms: [],
          gcPolicy: [],
        }],
      },
    ],
    [
      infoResponse.decode(
        generated(control.InfoResponseSchema, {
          buildkitVersion: { package: "p", version: "v0.25", revision: "r" },
        }),
      ),
      { version: { package: "p", version: "v0.25", revision: "r" } },
    ],
    [infoResponse.decode(bytes()), { version: undefined }],
    [
      historyEvent.decode(
        generated(BuildHistoryEventSchema, {
          type: 1,
          record: {
            Ref: "r",
            Frontend: "f",
            FrontendAttrs: { target: "t" },
            Exporters: [{ Type: "moby", Attrs: { name: "n" } }],
            error: {
              code: 2,
              message: "failed",
              details: [{ typeUrl: "u", value: bytes(1) }],
            },
            CreatedAt: { seconds: 3n, nanos: 4 },
            CompletedAt: { seconds: 5n, nanos: 6 },
            logs: { digest: "logs" },
            ExporterResponse: { "image.name": "n" },
            Result: {
              ResultDeprecated: { digest: "only" },
              Attestations: [{
                mediaType: "m",
                digest: "d",
                size: 2n ** 40n,
                annotations: { a: "b" },
              }],
              Results: { "0": { digest: "zero" }, "7": { digest: "seven" } },
            },
            Results: { "linux/amd64": { Attestations: [{}] } },
            Generation: 7,
            trace: { digest: "trace" },
            pinned: true,
            numCachedSteps: 8,
            numTotalSteps: 9,
            numCompletedSteps: 10,
            externalError: { digest: "error" },
            numWarnings: 11,
          },
        }),
      ),
      {
        record: {
          ref: "r",
          frontend: "f",
          frontendAttrs: new Map([["target", "t"]]),
          exporters: [{ type: "moby", attrs: new Map([["name", "n"]]) }],
          error: {
            code: 2,
            message: "failed",
            details: [{ typeUrl: "u", value: bytes(1) }],
          },
          createdAt: { seconds: 3, nanos: 4 },
          completedAt: { seconds: 5, nanos: 6 },
          logs: descriptorOf("logs"),
          exporterResponse: new Map([["image.name", "n"]]),
          result: {
            only: descriptorOf("only"),
            attestations: [{
              mediaType: "m",
              digest: "d",
              size: 2 ** 40,
              annotations: new Map([["a", "b"]]),
            }],
            results: [
              { number: 0, descriptor: descriptorOf("zero") },
              { number: 7, descriptor: descriptorOf("seven") },
            ],
          },
          results: new Map([["linux/amd64", {
            only: undefined,
            attestations: [descriptorOf("")],
            results: [],
          }]]),
          generation: 7,
          trace: descriptorOf("trace"),
          pinned: true,
          cachedSteps: 8,
          totalSteps: 9,
          completedSteps: 10,
          externalError: descriptorOf("error"),
          warnings: 11,
        },
      },
    ],
    [
      diskUsageResponse.decode(
        generated(DiskUsageResponseSchema, {
          record: [{
            ID: "i",
            Mutable: true,
            InUse: true,
            Size: 2n ** 40n,
            Parent: "p",
            CreatedAt: { seconds: 1n, nanos: 2 },
            LastUsedAt: { seconds: 3n, nanos: 4 },
            UsageCount: 5n,
            Description: "d",
            RecordType: "regular",
            Shared: true,
            Parents: ["q", "r"],
          }, {}],
        }),
      ),
      {
        records: [{
          id: "i",
          mutable: true,
          inUse: true,
          size: 2 ** 40,
          parent: "p",
          createdAt: { seconds: 1, nanos: 2 },
          lastUsedAt: { seconds: 3, nanos: 4 },
          usageCount: 5,
          description: "d",
          recordType: "regular",
          shared: true,
          parents: ["q", "r"],
        }, {
          id: "",
          mutable: false,
          inUse: false,
          size: 0,
          parent: "",
          createdAt: undefined,
          lastUsedAt: undefined,
          usageCount: 0,
          description: "",
          recordType: "",
          shared: false,
          parents: [],
        }],
      },
    ],
    [
      readContentResponse.decode(
        generated(content.ReadContentResponseSchema, {
          offset: 3n,
          data: bytes(1),
        }),
      ),
      { offset: 3, data: bytes(1) },
    ],
    [
      readContentRequest.decode(
        generated(content.ReadContentRequestSchema, {
          digest: "d",
          offset: 2n ** 41n,
          size: 512n,
        }),
      ),
      { digest: "d", offset: 2 ** 41, size: 512 },
    ],
    ...[contentInfo, contentStatus, contentAbort].map((codec, index) =>
      [
        codec.decode(
          index === 0
            ? generated(content.InfoRequestSchema, { digest: "n" })
            : generated(content.StatusRequestSchema, { ref: "n" }),
        ),
        index === 0 ? { digest: "n" } : { ref: "n" },
      ] as [unknown, unknown]
    ),
    [
      writeContent.decode(
        generated(content.WriteContentRequestSchema, {
          action: content.WriteAction.COMMIT,
          ref: "r",
          total: 2n ** 40n,
          expected: "e",
          offset: 7n,
          data: bytes(1, 2),
        }),
      ),
      {
        action: COMMIT,
        ref: "r",
        total: 2 ** 40,
        expected: "e",
        offset: 7,
        data: bytes(1, 2),
      },
    ],
    [
      [STAT, WRITE],
      [content.WriteAction.STAT, content.WriteAction.WRITE],
    ],
    [
      pong.decode(
        generated(PongResponseSchema, {
          FrontendAPICaps: [{ ID: "f", Enabled: true, Deprecated: true }],
          LLBCaps: [{
            ID: "l",
            DisabledReason: "no",
            DisabledReasonMsg: "not here",
            DisabledAlternative: "there",
          }],
          Workers: [record],
        }),
      ),
      {
        frontend: [{
          id: "f",
          enabled: true,
          deprecated: true,
          disabledReason: "",
          disabledReasonText: "",
          disabledAlternative: "",
        }],
        llb: [{
          id: "l",
          enabled: false,
          deprecated: false,
          disabledReason: "no",
          disabledReasonText: "not here",
          disabledAlternative: "there",
        }],
        workers: [worker],
      },
    ],
    [
      rpcStatus.decode(
        generated(StatusSchema, {
          code: 2,
          message: "m",
          details: [{ typeUrl: "t", value: bytes(9) }, {}],
        }),
      ),
      {
        details: [{ typeUrl: "t", value: bytes(9) }, {
          typeUrl: "",
          value: bytes(),
        }],
      },
    ],
  ];
  for (const [read, expected] of cases) assertEquals(read, expected);
});

Deno.test("what is written is what the generated code writes", () => {
  const cases: [written: Uint8Array, expected: Uint8Array][] = [
    [
      credentials.encode({ username: "u", secret: "s" }),
      generated(auth.CredentialsResponseSchema, { Username: "u", Secret: "s" }),
    ],
    [
      credentials.encode({}),
      generated(auth.CredentialsResponseSchema, {}),
    ],
    [
      getTokenAuthority.encode({ publicKey: bytes(1, 2, 3) }),
      generated(auth.GetTokenAuthorityResponseSchema, {
        PublicKey: bytes(1, 2, 3),
      }),
    ],
    [
      fetchToken.encode({ token: "t", expiresIn: 300, issuedAt: 2 ** 33 + 5 }),
      generated(auth.FetchTokenResponseSchema, {
        Token: "t",
        ExpiresIn: 300n,
        IssuedAt: 2n ** 33n + 5n,
      }),
    ],
    [
      fetchToken.encode({ expiresIn: -1, issuedAt: Number.MAX_SAFE_INTEGER }),
      generated(auth.FetchTokenResponseSchema, {
        ExpiresIn: -1n,
        IssuedAt: BigInt(Number.MAX_SAFE_INTEGER),
      }),
    ],
    [
      getSecret.encode({ data: bytes(1) }),
      generated(secrets.GetSecretResponseSchema, { data: bytes(1) }),
    ],
    [
      historyUpdate.encode({ ref: "r", delete: true }),
      generated(UpdateBuildHistoryRequestSchema, { Ref: "r", Delete: true }),
    ],
    [
      historyUpdate.encode({ ref: "r", pinned: true, finalize: true }),
      generated(UpdateBuildHistoryRequestSchema, {
        Ref: "r",
        Pinned: true,
        Finalize: true,
      }),
    ],
    [
      diskUsageRequest.encode({ filter: ["type==regular", "inuse"] }),
      generated(DiskUsageRequestSchema, { filter: ["type==regular", "inuse"] }),
    ],
    [
      pruneRequest.encode({
        filter: [""],
        all: true,
        keepDuration: 1e9,
        reservedSpace: 2,
        maxUsedSpace: 3,
        minFreeSpace: 4,
      }),
      generated(PruneRequestSchema, {
        filter: [""],
        all: true,
        keepDuration: 1_000_000_000n,
        reservedSpace: 2n,
        maxUsedSpace: 3n,
        minFreeSpace: 4n,
      }),
    ],
    [
      historyRequest.encode({ earlyExit: true }),
      generated(BuildHistoryRequestSchema, { EarlyExit: true }),
    ],
    [
      readContentRequest.encode({ digest: "d" }),
      generated(content.ReadContentRequestSchema, { digest: "d" }),
    ],
    [
      readContentResponse.encode({ offset: 9, data: bytes(3) }),
      generated(content.ReadContentResponseSchema, {
        offset: 9n,
        data: bytes(3),
      }),
    ],
    [
      contentInfo.encode({
        info: {
          digest: "d",
          size: 2 ** 40,
          createdAt: { seconds: 5, nanos: 6 },
          updatedAt: { seconds: 7, nanos: 8 },
        },
      }),
      generated(content.InfoResponseSchema, {
        info: {
          digest: "d",
          size: 2n ** 40n,
          createdAt: { seconds: 5n, nanos: 6 },
          updatedAt: { seconds: 7n, nanos: 8 },
        },
      }),
    ],
    [
      contentStatus.encode({
        status: {
          startedAt: { seconds: 5, nanos: 6 },
          updatedAt: { seconds: 7, nanos: 8 },
          ref: "r",
          offset: 1,
          total: 2,
          expected: "e",
        },
      }),
      generated(content.StatusResponseSchema, {
        status: {
          startedAt: { seconds: 5n, nanos: 6 },
          updatedAt: { seconds: 7n, nanos: 8 },
          ref: "r",
          offset: 1n,
          total: 2n,
          expected: "e",
        },
      }),
    ],
    [contentAbort.encode({}), bytes()],
    [
      writeContent.encode({
        action: WRITE,
        startedAt: { seconds: 5, nanos: 6 },
        updatedAt: { seconds: 7, nanos: 8 },
        offset: 1,
        total: 2,
        digest: "d",
      }),
      generated(content.WriteContentResponseSchema, {
        action: content.WriteAction.WRITE,
        startedAt: { seconds: 5n, nanos: 6 },
        updatedAt: { seconds: 7n, nanos: 8 },
        offset: 1n,
        total: 2n,
        digest: "d",
      }),
    ],
    // A secret without bytes is not a missing one.
    [getSecret.encode({ data: bytes() }), bytes(0x0a, 0)],
    [getSecret.encode({}), bytes()],
    [
      check.encode({ status: SERVING }),
      generated(health.HealthCheckResponseSchema, {
        status: health.HealthCheckResponse_ServingStatus.SERVING,
      }),
    ],
    [checkAgent.encode({}), bytes()],
    [bytesMessage.encode({ data: bytes() }), bytes()],
    [
      statusRequest.encode({ ref: "r" }),
      generated(control.StatusRequestSchema, { Ref: "r" }),
    ],
  ];
  for (const [index, [written, expected]] of cases.entries()) {
    assertEquals(written, expected, `case ${index}`);
  }
});

Deno.test("the prefix of a BytesMessage and its bytes are the message", () => {
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 2_097_152]) {
    const prefix = bytesMessagePrefix(length);
    const whole = new Uint8Array(prefix.length + length);
    whole.set(prefix);
    assertEquals(fromBinary(BytesMessageSchema, whole).data.length, length);
    assertEquals(bytesMessage.decode(whole).data.length, length);
  }
});

Deno.test("bytes that are no message are a ProtobufError and nothing else, whatever they are", () => {
  const random = new Random(17);
  const seeds = [
    generated(control.SolveRequestSchema, {
      Ref: "r",
      Exporters: [{ Type: "moby", Attrs: { a: "b" } }],
      SourcePolicy: { rules: [{ action: 1, selector: { identifier: "x" } }] },
    }),
    generated(PongResponseSchema, {
      LLBCaps: [{ ID: "a", Enabled: true }],
      Workers: [{ ID: "w", Labels: { a: "b" }, platforms: [{ OS: "linux" }] }],
    }),
    generated(StatusSchema, { details: [{ typeUrl: "t", value: bytes(1) }] }),
  ];
  const decoders = [
    solveRequest.decode,
    solveResponse.decode,
    listWorkersResponse.decode,
    pong.decode,
    rpcStatus.decode,
    getSecret.decode,
    fetchToken.decode,
    bytesMessage.decode,
  ];
  let read = 0;
  let refused = 0;
  for (let round = 0; round < 4_000; round++) {
    const seed = seeds[round % (seeds.length + 1)] ?? new Uint8Array(40);
    const input = seed.slice(0, 1 + random.below(seed.length));
    const changes = seed.length === 40 ? 40 : 1 + random.below(4);
    for (let change = 0; change < changes; change++) {
      input[random.below(input.length)] = random.below(256);
    }
    for (const decode of decoders) {
      try {
        decode(input);
        read++;
      } catch (error) {
        assert(error instanceof ProtobufError, `${error} at ${input}`);
        refused++;
      }
    }
  }
  assert(read > 1_000 && refused > 1_000, `${read} read, ${refused} refused`);
});

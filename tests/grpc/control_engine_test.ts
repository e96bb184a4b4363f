/** BuildKit's own API, behind `POST /grpc` of real engines, by the client. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { bytesDuplex } from "../../lib/grpc/byte_messages.ts";
import {
  connectGrpc,
  type GrpcClient,
  type GrpcRemoteMethod,
} from "../../lib/grpc/client.ts";
import {
  firstFieldPrefix,
  protobufFields,
} from "../support/protobuf_fields.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { filesyncService } from "../../lib/session/filesync.ts";
import { Session } from "../../lib/session/session.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { concat } from "../support/concat.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array();

function method(name: string): GrpcRemoteMethod<Uint8Array, Uint8Array> {
  return {
    path: `/moby.buildkit.v1.Control/${name}`,
    codec: { encode: (bytes) => bytes, decode: (bytes) => bytes },
  };
}

/** A message of text fields, given as `[number, text or message]`. */
function message(
  ...fields: readonly (readonly [number: number, value: string | Uint8Array])[]
): Uint8Array {
  return concat(fields.flatMap(([number, value]) => {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    const prefix = firstFieldPrefix(bytes.length);
    prefix[0] = number * 8 + 2;
    return [prefix, bytes];
  }));
}

/** The values of a field, as bytes. */
function values(bytes: Uint8Array, field: number): Uint8Array[] {
  return [...protobufFields(bytes)].flatMap(([number, value]) =>
    number === field && typeof value !== "number" ? [value] : []
  );
}

async function connect(
  context: EngineContext,
): Promise<GrpcClient> {
  const transport = await connectEndpoint({
    kind: "unix",
    path: context.socketPath,
  });
  const duplex = await transport.upgrade!("/grpc", {
    protocol: "h2c",
    headers: [],
  });
  return connectGrpc(duplex);
}

/** Solves a Dockerfile that comes through a session inside the same connection. */
async function solve(
  client: GrpcClient,
  dockerfile: Uint8Array<ArrayBuffer>,
): Promise<{ answer: Uint8Array; asked: string[] }> {
  const asked: string[] = [];
  const session = new Session(filesyncService(
    new Map(["dockerfile", "context"].map((name) => [name, {
      *entries() {
        asked.push(name);
        yield {
          path: "Dockerfile",
          kind: "file" as const,
          mode: 0o644,
          size: dockerfile.length,
          mtime: 0n,
        };
      },
      content: () => dockerfile,
    }])) as never,
    { onError() {}, onSent() {} },
  ));
  // A key of its own: under the same one an engine takes a file of the same
  // size and time for the one that it has from another session.
  const call = await client.open("/moby.buildkit.v1.Control/Session", {
    metadata: session.headers("davit", session.id).map(([name, value]) =>
      [name.toLowerCase(), value] as const
    ),
  });
  const served = session.serve(bytesDuplex(call));
  try {
    const answer = await client.unary(
      method("Solve"),
      message(
        [1, crypto.randomUUID().replaceAll("-", "")],
        [5, session.id],
        [6, "dockerfile.v0"],
      ),
      { timeout: 60_000 },
    );
    return { answer, asked };
  } finally {
    session.close();
    await served;
  }
}

engineTest(
  "an engine lists its workers, and a newer one tells its BuildKit's version",
  async (context) => {
    await using client = await connect(context);
    const workers = values(
      await client.unary(method("ListWorkers"), NOTHING, { timeout: 20_000 }),
      1,
    );
    assert(workers.length > 0);
    assert(values(workers[0]!, 1)[0]!.length > 0, "it has an id");
    const info = client.unary(method("Info"), NOTHING, { timeout: 20_000 });
    if (isRecent(context)) {
      const version = values(values(await info, 1)[0]!, 2)[0]!;
      assert(/^v?\d/.test(decoder.decode(version)), decoder.decode(version));
    } else {
      const error = await assertRejects(() => info, GrpcError);
      assertEquals(error.code, GrpcCode.UNIMPLEMENTED);
    }
    assertEquals(client.calls, 0);
  },
);

engineTest(
  "a session inside a call serves a build, and ends with it",
  async (context) => {
    await using client = await connect(context);
    const dockerfile = encoder.encode("FROM scratch\nCOPY Dockerfile /\n");
    const { asked } = await solve(client, dockerfile);
    assertEquals(asked.includes("dockerfile"), true);
    assertEquals(asked.includes("context"), true);
    assertEquals(client.calls, 0);
  },
);

engineTest(
  "a deadline ends a call at an engine, and no other on its connection",
  async (context) => {
    await using client = await connect(context);
    const session = new Session([]);
    await using call = await client.open("/moby.buildkit.v1.Control/Session", {
      metadata: session.headers("davit").map(([name, value]) =>
        [name.toLowerCase(), value] as const
      ),
      timeout: 200,
    });
    const end = await session.serve(bytesDuplex(call));
    assertEquals(end.reason, "lost");
    const error = await assertRejects(() => call.read(), GrpcError);
    assertEquals(error.code, GrpcCode.DEADLINE_EXCEEDED);
    await client.unary(method("ListWorkers"), NOTHING, { timeout: 20_000 });
  },
);

engineTest(
  "the status of a failed build comes whole: trailers of more than a megabyte where it has details",
  async (context) => {
    await using client = await connect(context);
    const dockerfile = encoder.encode(
      `FROM scratch\n${
        "# a line of no interest at all\n".repeat(30_000)
      }RUNN x\n`,
    );
    const error = await assertRejects(
      () => solve(client, dockerfile),
      GrpcError,
    );
    assertEquals(error.code, GrpcCode.UNKNOWN);
    assert(error.message.includes("unknown instruction: RUNN"), error.message);
    if (!isRecent(context)) return assertEquals(error.details, []);
    const source = error.details.find(({ typeUrl }) =>
      typeUrl === "github.com/moby/buildkit/errdefs.Source+json"
    );
    const { info, ranges } = JSON.parse(decoder.decode(source?.value));
    assertEquals(info.filename, "Dockerfile");
    assertEquals(ranges[0].start.line, 30_002);
    assertEquals(Uint8Array.fromBase64(info.data), dockerfile);
    // The connection is as good as before.
    await client.unary(method("ListWorkers"), NOTHING, { timeout: 20_000 });
  },
);

engineTest(
  "a hundred builds at once have sessions of their own on one connection",
  async (context) => {
    await using client = await connect(context);
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      const error = await assertRejects(
        () => solve(client, encoder.encode(`FROM scratch\nRUNN${index} x\n`)),
        GrpcError,
      );
      assert(error.message.includes(`RUNN${index}`), error.message);
    }));
    assertEquals(client.calls, 0);
  },
);

/**
 * Writes a content of so many MiB into a store of a session, as an engine, and
 * reads it back; prints the most memory that the system gave to the program
 * meanwhile, in MB.
 *
 *     deno run -A content_program.ts DIR MEBIBYTES
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectGrpc } from "../../lib/grpc/client.ts";
import { serveGrpc } from "../../lib/grpc/server.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { contentService } from "../../lib/session/content.ts";
import {
  ReadContentRequestSchema,
  ReadContentResponseSchema,
  WriteAction,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from "../proto/gen/content_pb.ts";
import { duplexPair } from "../support/duplex_pair.ts";

const [dir = "", count] = Deno.args;
const MEBIBYTE = 1024 * 1024;
const SERVICE = "/containerd.services.content.v1.Content";
const metadata = [["buildkit-attachable-store-id", "export"]] as const;

await using stores = new LayoutStores();
await stores.open("export", dir, "write");
const [ours, theirs] = duplexPair();
const served = serveGrpc(
  ours,
  contentService(stores.byId, {
    onError: (error) => {
      throw error;
    },
  }),
);
const engine = connectGrpc(theirs);
const data = new Uint8Array(MEBIBYTE);
async function* pieces() {
  for (let at = 0; at < Number(count); at++) {
    data.fill(at);
    await Promise.resolve();
    yield create(WriteContentRequestSchema, {
      action: WriteAction.WRITE,
      ref: "layer",
      offset: BigInt(at) * BigInt(MEBIBYTE),
      data,
    });
  }
  yield create(WriteContentRequestSchema, { action: WriteAction.COMMIT });
}
let digest = "";
for await (
  const answer of engine.bidi(
    {
      path: `${SERVICE}/Write`,
      codec: {
        encode: (message: Parameters<typeof toBinary>[1]) =>
          toBinary(WriteContentRequestSchema, message as never),
        decode: (bytes: Uint8Array) =>
          fromBinary(WriteContentResponseSchema, bytes),
      },
    },
    pieces(),
    { metadata },
  )
) digest = answer.digest;
let read = 0;
for await (
  const { data } of engine.serverStream(
    {
      path: `${SERVICE}/Read`,
      codec: {
        encode: (digest: string) =>
          toBinary(
            ReadContentRequestSchema,
            create(ReadContentRequestSchema, { digest }),
          ),
        decode: (bytes: Uint8Array) =>
          fromBinary(ReadContentResponseSchema, bytes),
      },
    },
    digest,
    { metadata },
  )
) read += data.length;
if (read !== Number(count) * MEBIBYTE) throw new Error(`${read} bytes`);
engine.close();
await served.closed;
const [, peak] = /VmHWM:\s+(\d+) kB/.exec(
  await Deno.readTextFile("/proc/self/status"),
)!;
Deno.stdout.writeSync(
  new TextEncoder().encode(`${Math.round(Number(peak) / 1024)}\n`),
);

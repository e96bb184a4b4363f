import { connectGrpc } from "../../lib/grpc/client.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { protobufFields } from "../support/protobuf_fields.ts";

/**
 * The references of the builds that an engine has under way, by its own history
 * (`ListenBuildHistory`); none where it has no history (20.10).
 */
export async function activeBuilds(socketPath: string): Promise<string[]> {
  const transport = await connectEndpoint({ kind: "unix", path: socketPath });
  try {
    await using client = connectGrpc(
      await transport.upgrade!("/grpc", { protocol: "h2c", headers: [] }),
    );
    const events = client.serverStream({
      path: "/moby.buildkit.v1.Control/ListenBuildHistory",
      codec: {
        // ActiveOnly, field 1, and EarlyExit, field 3.
        encode: () => Uint8Array.of(1 << 3, 1, 3 << 3, 1),
        decode: refOf,
      },
    }, undefined);
    return await Array.fromAsync(events);
  } catch (error) {
    if (error instanceof GrpcError && error.code === GrpcCode.UNIMPLEMENTED) {
      return [];
    }
    throw error;
  } finally {
    await transport.close();
  }
}

/** The reference in a `BuildHistoryEvent{2 record{1 Ref}}`. */
function refOf(event: Uint8Array): string {
  const field = (message: Uint8Array, wanted: number) =>
    protobufFields(message).find(([number]) => number === wanted)?.[1];
  const record = field(event, 2) as Uint8Array;
  return new TextDecoder().decode(field(record, 1) as Uint8Array);
}

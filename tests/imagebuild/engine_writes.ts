import type { GrpcClient } from "../../lib/grpc/client.ts";
import {
  COMMIT,
  type WriteContentRequest,
  type WriteContentResponse,
} from "../../lib/proto/content.ts";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from "../proto/gen/content_pb.ts";
import { sha256 } from "../support/digest.ts";

const WRITE = {
  path: "/containerd.services.content.v1.Content/Write",
  codec: {
    encode: (message: Pick<WriteContentRequest, "ref" | "data">) =>
      toBinary(
        WriteContentRequestSchema,
        create(WriteContentRequestSchema, { action: COMMIT, ...message }),
      ),
    decode: (bytes: Uint8Array): Pick<WriteContentResponse, "digest"> =>
      fromBinary(WriteContentResponseSchema, bytes),
  },
};

/** Writes a content into a store of a session, as an engine; gives its digest. */
export async function engineWrites(
  session: GrpcClient,
  store: string,
  content: string,
): Promise<string> {
  const data = new TextEncoder().encode(content);
  const answers = session.serverStream(WRITE, { ref: content, data }, {
    metadata: [["buildkit-attachable-store-id", store]],
  });
  for await (const { digest } of answers) return digest;
  throw new Error("no answer");
}

/** What the engine's answer says of a content. */
export async function descriptorOf(
  content: string,
  mediaType = "application/vnd.oci.image.index.v1+json",
): Promise<{ mediaType: string; digest: string; size: number }> {
  return {
    mediaType,
    digest: `sha256:${await sha256(content)}`,
    size: content.length,
  };
}

import type { GrpcClient } from "../../lib/grpc/client.ts";
import {
  COMMIT,
  type WriteContentRequest,
  type WriteContentResponse,
} from "../../lib/proto/content.ts";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ReadContentRequestSchema,
  ReadContentResponseSchema,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from "../proto/gen/content_pb.ts";
import { GetSecretRequestSchema } from "../proto/gen/secrets_pb.ts";
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

const READ = {
  path: "/containerd.services.content.v1.Content/Read",
  codec: {
    encode: (digest: string) =>
      toBinary(
        ReadContentRequestSchema,
        create(ReadContentRequestSchema, { digest }),
      ),
    decode: (bytes: Uint8Array) => fromBinary(ReadContentResponseSchema, bytes),
  },
};

const SECRET = {
  path: "/moby.buildkit.secrets.v1.Secrets/GetSecret",
  codec: {
    encode: (id: string) =>
      toBinary(
        GetSecretRequestSchema,
        create(GetSecretRequestSchema, { ID: id }),
      ),
    decode: () => undefined,
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

/** Reads a content of a store of a session, as an engine; gives its length. */
export async function engineReads(
  session: GrpcClient,
  store: string,
  digest: string,
): Promise<number> {
  const answers = session.serverStream(READ, digest, {
    metadata: [["buildkit-attachable-store-id", store]],
  });
  let length = 0;
  for await (const { data } of answers) length += data.length;
  return length;
}

/** Asks a session for a secret, as an engine. */
export async function engineAsks(
  session: GrpcClient,
  id: string,
): Promise<void> {
  await session.unary(SECRET, id, {});
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

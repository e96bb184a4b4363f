import { codecOf, type MethodCodec } from "./codec.ts";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  BytesMessageSchema,
  type CheckAgentRequestSchema,
  type CheckAgentResponseSchema,
  SSH,
} from "./gen/ssh_pb.ts";

/** `SSH/CheckAgent`. */
export const checkAgentCodec: MethodCodec<
  typeof CheckAgentRequestSchema,
  typeof CheckAgentResponseSchema
> = codecOf(SSH.method.checkAgent);

/** The bytes in a message of `SSH/ForwardAgent`. */
export function decodeAgentBytes(message: Uint8Array): Uint8Array {
  return fromBinary(BytesMessageSchema, message).data;
}

/** A message of `SSH/ForwardAgent`. */
export function encodeAgentBytes(data: Uint8Array): Uint8Array {
  return toBinary(BytesMessageSchema, create(BytesMessageSchema, { data }));
}

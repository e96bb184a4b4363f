import { fromBinary } from "@bufbuild/protobuf";
import { BytesMessageSchema } from "./gen/filesync_pb.ts";

/** The bytes in a message of `FileSend/DiffCopy`. */
export function decodeSentBytes(message: Uint8Array): Uint8Array {
  return fromBinary(BytesMessageSchema, message).data;
}

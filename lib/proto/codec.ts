import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

/** Reads the requests of a generated method, and writes its responses. */
export interface MethodCodec<I extends DescMessage, O extends DescMessage> {
  /** @throws {Error} If the bytes are no such message. */
  decode(bytes: Uint8Array): MessageShape<I>;
  /** Takes a plain object. */
  encode(response: MessageInitShape<O>): Uint8Array;
}

/** The codec of a generated method. */
export function codecOf<I extends DescMessage, O extends DescMessage>(
  { input, output }: DescMethodUnary<I, O>,
): MethodCodec<I, O> {
  return {
    decode: (bytes) => fromBinary(input, bytes),
    encode: (response) => toBinary(output, create(output, response)),
  };
}

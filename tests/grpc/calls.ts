/** What the tests of calls share. */
import type { GrpcRemoteMethod } from "../../lib/grpc/client.ts";

/** A method whose messages are bytes. */
export function method(
  name: string,
): GrpcRemoteMethod<Uint8Array, Uint8Array> {
  return {
    path: `/test.Test/${name}`,
    codec: { encode: (bytes) => bytes, decode: (bytes) => bytes },
  };
}

/** Messages of one number each. */
export const NUMBERS: readonly Uint8Array[] = [1, 2, 3, 4].map((number) =>
  Uint8Array.of(number)
);

/** The first byte of each message. */
export async function numbers(
  messages: AsyncIterable<Uint8Array>,
): Promise<number[]> {
  const all: number[] = [];
  for await (const message of messages) all.push(message[0]!);
  return all;
}

import type { ByteStream } from "../streams/byte_stream.ts";

/**
 * The longest message that OpenSSH's agent and clients accept, without its
 * length, in bytes.
 */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

/** Bytes of the length field before each message, big-endian. */
const LENGTH_BYTES = 4;

/**
 * The types of messages that davit knows, with their numbers in the protocol.
 */
export enum AgentMessage {
  /** The answer to a request that failed or is not allowed. */
  FAILURE = 5,
  /** A request for the public keys. */
  REQUEST_IDENTITIES = 11,
  /** The answer with the public keys. */
  IDENTITIES_ANSWER = 12,
  /** A request for a signature. */
  SIGN_REQUEST = 13,
  /** The answer with a signature. */
  SIGN_RESPONSE = 14,
  /** An extension; a name in the message says which one. */
  EXTENSION = 27,
}

/** The answer to every request that is not allowed. */
export const FAILURE: Uint8Array = Uint8Array.of(AgentMessage.FAILURE);

/** Bytes that are no message of the agent protocol. */
export class AgentMessageError extends Error {
  /** Always `AgentMessageError`. */
  override readonly name: string = "AgentMessageError";
}

/** The message with its length field before it. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Splits a byte stream into messages. */
export class AgentMessageReader {
  readonly #bytes: ByteStream;

  /** @param bytes The bytes of one direction of a connection. */
  constructor(bytes: ByteStream) {
    this.#bytes = bytes;
  }

  /**
   * The next message without its length, as a copy, or null after the last one.
   *
   * @throws {AgentMessageError} If it is empty, longer than
   * {@linkcode MAX_MESSAGE_BYTES}, or cut off.
   */
  async next(): Promise<Uint8Array | null> {
    const prefix = await this.#bytes.take(LENGTH_BYTES);
    if (prefix.length === 0) return null;
    if (prefix.length < LENGTH_BYTES) throw cutOff();
    const view = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES);
    const length = view.getUint32(0);
    if (length === 0 || length > MAX_MESSAGE_BYTES) {
      throw new AgentMessageError(
        `a message of ${length} bytes, from 1 to ${MAX_MESSAGE_BYTES} are taken`,
      );
    }
    const message = await this.#bytes.take(length);
    if (message.length < length) throw cutOff();
    return message.slice(); // a copy: the buffer it is in may be larger
  }
}

function cutOff(): AgentMessageError {
  return new AgentMessageError("a message was cut off");
}

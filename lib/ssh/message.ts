import type { ByteStream } from "../streams/byte_stream.ts";

/** The longest message that OpenSSH's agent and clients take, without its length. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

/** Bytes of the length before each message, big-endian. */
const LENGTH_BYTES = 4;

/** The types of messages that are told apart here; numbers as on the wire. */
export enum AgentMessage {
  /** The answer to what can't or shall not be done. */
  FAILURE = 5,
  /** Asks for the public keys. */
  REQUEST_IDENTITIES = 11,
  /** The public keys. */
  IDENTITIES_ANSWER = 12,
  /** Asks for a signature. */
  SIGN_REQUEST = 13,
  /** A signature. */
  SIGN_RESPONSE = 14,
  /** Something that its name tells. */
  EXTENSION = 27,
}

/** The answer to everything that is not allowed. */
export const FAILURE: Uint8Array = Uint8Array.of(AgentMessage.FAILURE);

/** Bytes that are no messages of the agent protocol. */
export class AgentMessageError extends Error {
  /** Always `AgentMessageError`. */
  override readonly name: string = "AgentMessageError";
}

/** A message with its length before it. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Cuts a byte stream into messages, whatever pieces it comes in. */
export class AgentMessageReader {
  readonly #bytes: ByteStream;

  /** Takes the bytes of one direction. */
  constructor(bytes: ByteStream) {
    this.#bytes = bytes;
  }

  /**
   * The next message without its length, in memory of its own, or null behind
   * the last.
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
    return message.slice(); // its piece may hold others, and be kept by nobody else
  }
}

function cutOff(): AgentMessageError {
  return new AgentMessageError("a message was cut off");
}

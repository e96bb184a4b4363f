/** The longest message that OpenSSH's agent and clients take, without its length. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

/** Bytes of the length before each message, big-endian. */
const LENGTH_BYTES = 4;

/** What a reader sets aside at first: most messages are shorter. */
const FIRST_BYTES = 4096;

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
  readonly #read: () => Promise<Uint8Array | null>;
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes a function for the next piece, or null at the end. */
  constructor(read: () => Promise<Uint8Array | null>) {
    this.#read = read;
  }

  /**
   * The next message without its length, or null behind the last.
   *
   * @throws {AgentMessageError} If it is empty, longer than
   * {@linkcode MAX_MESSAGE_BYTES}, or cut off.
   */
  async next(): Promise<Uint8Array | null> {
    const prefix = await this.#take(LENGTH_BYTES);
    if (prefix === null) return null;
    const length = new DataView(prefix.buffer).getUint32(0);
    if (length === 0 || length > MAX_MESSAGE_BYTES) {
      throw new AgentMessageError(
        `a message of ${length} bytes, from 1 to ${MAX_MESSAGE_BYTES} are taken`,
      );
    }
    const message = await this.#take(length);
    if (message === null) throw cutOff();
    return message;
  }

  /**
   * Exactly so many bytes, in a buffer of their own, or null if there are none.
   *
   * The buffer grows with what arrives, and not with what is announced.
   */
  async #take(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    let taken = new Uint8Array(Math.min(length, FIRST_BYTES));
    let at = 0;
    while (at < length) {
      if (this.#rest.length === 0) {
        const piece = await this.#read();
        if (piece === null) {
          if (at === 0) return null;
          throw cutOff();
        }
        this.#rest = piece;
        continue;
      }
      if (at === taken.length) {
        const larger = new Uint8Array(Math.min(length, 2 * at));
        larger.set(taken);
        taken = larger;
      }
      const part = this.#rest.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return taken;
  }
}

function cutOff(): AgentMessageError {
  return new AgentMessageError("a message was cut off");
}

import type { SshAgent, SshAgentConnection } from "./agent.ts";
import { AgentMessage, FAILURE } from "./message.ts";
import type { SigningKey } from "./signing_key.ts";
import { joined, string, uint32, WireError, WireReader } from "./wire.ts";

/**
 * An ssh agent made from given keys. It lists the keys and signs with them;
 * every other request gets a failure. Keys are listed without a comment,
 * because a file's path or a user's name should not appear in a build's log.
 */
export class KeyAgent implements SshAgent, SshAgentConnection {
  readonly #keys: readonly SigningKey[];

  /** @param keys The keys, in the order in which clients will try them. */
  constructor(keys: readonly SigningKey[]) {
    this.#keys = keys;
  }

  /**
   * All connections are the same object, because this agent keeps no state for
   * them.
   */
  connect(): Promise<SshAgentConnection> {
    return Promise.resolve(this);
  }

  /** There is nothing to close. */
  close(): void {}

  async ask(message: Uint8Array): Promise<Uint8Array> {
    try {
      const reader = new WireReader(message);
      switch (reader.byte()) {
        case AgentMessage.REQUEST_IDENTITIES:
          return this.#list();
        case AgentMessage.SIGN_REQUEST:
          return await this.#sign(
            reader.string(),
            reader.string(),
            reader.uint32(),
          );
        default:
          return FAILURE;
      }
    } catch (error) {
      if (error instanceof WireError) return FAILURE;
      throw error;
    }
  }

  #list(): Uint8Array {
    return joined(
      Uint8Array.of(AgentMessage.IDENTITIES_ANSWER),
      uint32(this.#keys.length),
      ...this.#keys.flatMap(({ publicKey }) => [string(publicKey), string("")]),
    );
  }

  async #sign(
    publicKey: Uint8Array,
    data: Uint8Array,
    flags: number,
  ): Promise<Uint8Array> {
    const key = this.#keys.find((key) => isSame(key.publicKey, publicKey));
    if (key === undefined) return FAILURE;
    const signature = await key.sign(data, flags);
    return joined(
      Uint8Array.of(AgentMessage.SIGN_RESPONSE),
      string(signature),
    );
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

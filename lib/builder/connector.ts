import type { ByteDuplex } from "../streams/duplex.ts";

/** How one kind of address is reached. */
export interface Connector {
  /** Whether the daemon is on this machine, as far as its address shows. */
  readonly isHere: boolean;
  /** Whether what is sent to it can be read on its way. */
  readonly isPlain: boolean;
  /** `:scheme` of the calls: `https` over TLS. */
  readonly scheme: "http" | "https";
  /**
   * Opens a connection, on which HTTP/2 is spoken from the first byte.
   *
   * @param signal Ends the opening.
   */
  dial(signal: AbortSignal): Promise<ByteDuplex>;
  /**
   * What it means that `dial` failed, or that the connection ended before the
   * daemon has said anything, in a sentence without the address; undefined where
   * that is not known better than by the error's own words.
   */
  explain(cause: Error): Promise<string | undefined> | string | undefined;
  /** Ends what it has started. */
  close(): Promise<void>;
}

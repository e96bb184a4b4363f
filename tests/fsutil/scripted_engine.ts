import { PacketType, type Stat } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import type { FramedDuplex } from "../../lib/streams/duplex.ts";
import { framed } from "../grpc/framed.ts";

/** What an engine does with what it is sent. */
export interface EngineScript {
  /** With each entry. */
  onStat?(stat: Stat, id: number, engine: ScriptedEngine): void;
  /** When all entries are there; the next packet comes when it is done. */
  onListed?(engine: ScriptedEngine): void | Promise<void>;
  /** With a piece of a file, empty at its end, a view for the call alone; a promise pauses the sender. */
  onData?(
    id: number,
    data: Uint8Array,
    engine: ScriptedEngine,
  ): void | Promise<void>;
}

/** The engine's end of a transfer, which takes packets without a copy and keeps none. */
export class ScriptedEngine {
  /** The reason that the sender gave for giving up. */
  told: string | undefined;
  readonly stream: FramedDuplex;
  readonly #writer = new PacketWriter();
  /** Ids that are asked for, from `#sent` on. */
  readonly #requests: number[] = [];
  #sent = 0;
  /** Where head and content of a packet are put together. */
  readonly #bytes = new Uint8Array(1024 * 1024);
  #isDone = false;
  #wake: (() => void) | undefined;
  #ids = 0;

  constructor(script: EngineScript) {
    this.stream = framed({
      signal: new AbortController().signal,
      read: () => this.#next(),
      write: (...parts) => this.#take(script, parts),
    });
  }

  /** Asks for the content of files. */
  ask(...ids: number[]): void {
    for (const id of ids) this.#requests.push(id);
    this.#wake?.();
  }

  /** Has all that it wants. */
  finish(): void {
    this.#isDone = true;
    this.#wake?.();
  }

  async #next(): Promise<Uint8Array> {
    while (this.#sent === this.#requests.length && !this.#isDone) {
      await new Promise<void>((wake) => this.#wake = wake);
    }
    return this.#sent < this.#requests.length
      ? this.#writer.request(this.#requests[this.#sent++]!)
      : this.#writer.finish();
  }

  #take(
    script: EngineScript,
    parts: Uint8Array[],
  ): Promise<void> | undefined {
    let bytes = parts[0]!;
    if (parts.length > 1) {
      const [head, content] = parts as [Uint8Array, Uint8Array];
      bytes = this.#bytes.subarray(0, head.length + content.length);
      bytes.set(head);
      bytes.set(content, head.length);
    }
    const { type, stat, id, data } = readPacket(bytes);
    let done: void | Promise<void> = undefined;
    if (type === PacketType.ERR) this.told = new TextDecoder().decode(data);
    else if (type === PacketType.DATA) done = script.onData?.(id, data, this);
    else if (type === PacketType.STAT) {
      if (stat === undefined) done = script.onListed?.(this);
      else script.onStat?.(stat, this.#ids++, this);
    }
    return done ?? undefined;
  }
}

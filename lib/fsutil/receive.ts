import { ProtocolError } from "../errors.ts";
import type { MessageDuplex } from "../streams/duplex.ts";
import { inSlices, Slice } from "../streams/slices.ts";
import {
  byteLength,
  checkEntryPath,
  checkNumbers,
  checkTarget,
  quoted,
} from "./entry_check.ts";
import { EntryOrder } from "./order.ts";
import {
  FileMode,
  isRegular,
  type Packet,
  PacketType,
  type Stat,
} from "./packets.ts";
import { readPacket } from "./packet_reader.ts";
import { PacketWriter } from "./packet_writer.ts";
import type { ReceivedFile, ReceivedTree } from "./received_tree.ts";
import { permissions } from "./stat.ts";

/**
 * Files up to this length are collected in memory and written at once, in
 * bytes.
 */
const SMALL_BYTES: number = 256 * 1024;

/**
 * How many files are asked for at the same time: fewer than an engine queues.
 * This also limits how many files are open.
 */
const MAX_REQUESTS = 64;

/** How many packets are handled between two looks at the clock. */
const PACKETS_A_LOOK = 16;

/** How much of the other side's reason for giving up is kept, in bytes. */
const MAX_REASON_BYTES = 4096;

/** A regular file whose STAT has come, and whose last DATA has not. */
interface Incoming<File> {
  readonly path: string;
  readonly mode: number;
  readonly mtime: Date;
  readonly size: number;
  asked: boolean;
  received: number;
  /**
   * The content of a small file; the array has the file's whole length from the
   * start, so many small pieces take no more memory than a few large ones.
   */
  bytes: Uint8Array | undefined;
  /** The writer of a large file. */
  writer: File | undefined;
}

/**
 * Receives a folder: reads every STAT, asks for every file, and writes the
 * contents.
 *
 * @throws {ProtocolError} If the engine violates the protocol.
 * @throws Errors of the tree, and the tree's error for a transfer that the
 * engine gave up.
 */
export async function receiveFolder<File extends ReceivedFile>(
  stream: MessageDuplex,
  tree: ReceivedTree<File>,
): Promise<void> {
  await new Receiver(stream, tree).run();
}

class Receiver<File extends ReceivedFile> {
  readonly #stream: MessageDuplex;
  readonly #tree: ReceivedTree<File>;
  readonly #packet = new PacketWriter();
  readonly #order = new EntryOrder();
  /** Files whose content has not been received yet, by their ids. */
  readonly #files = new Map<number, Incoming<File>>();
  /** Ids that still have to be asked for, from index `#next` on. */
  #queue: number[] = [];
  #next = 0;
  #outstanding = 0;
  #asking = false;
  readonly #links: { readonly path: string; readonly target: string }[] = [];
  #entries = 0;
  #listed = false;

  constructor(stream: MessageDuplex, tree: ReceivedTree<File>) {
    this.#stream = stream;
    this.#tree = tree;
  }

  async run(): Promise<void> {
    const slice = new Slice();
    for (let count = 1; !this.#complete; count++) {
      const working = this.#take(await this.#read());
      if (working !== undefined) await working;
      if (this.#next < this.#queue.length && !this.#asking) this.#ask();
      if (count % PACKETS_A_LOOK === 0 && slice.over) await slice.next();
    }
    await inSlices(this.#linkAll());
    await this.#stream.write(this.#packet.finish());
    await this.#farewell();
  }

  /** Makes the hard links, once all files are written. */
  *#linkAll(): Generator<void, void, undefined> {
    for (const { path, target } of this.#links) {
      this.#tree.link(path, target);
      yield;
    }
  }

  /**
   * Waits for the engine's FIN or the end of the call; everything was received
   * by then.
   */
  async #farewell(): Promise<void> {
    let bytes: Uint8Array | null;
    try {
      bytes = await this.#stream.read();
    } catch (error) {
      if (this.#stream.signal.aborted) return;
      throw error;
    }
    if (bytes === null) return;
    const { type, data } = decode(bytes);
    if (type === PacketType.ERR) throw this.#givenUp(data);
    if (type !== PacketType.FIN) throw unexpected(type);
  }

  get #complete(): boolean {
    return this.#listed && this.#files.size === 0;
  }

  async #read(): Promise<Uint8Array> {
    const bytes = await this.#stream.read();
    if (bytes !== null) return bytes;
    throw new ProtocolError(
      "The engine ended the transfer of the result before all of it was sent",
    );
  }

  #take(bytes: Uint8Array): Promise<void> | undefined {
    const { type, stat, id, data } = decode(bytes);
    switch (type) {
      case PacketType.STAT:
        return this.#list(stat);
      case PacketType.DATA:
        return this.#receive(id, data);
      case PacketType.ERR:
        throw this.#givenUp(data);
      default:
        throw unexpected(type);
    }
  }

  #list(stat: Stat | undefined): undefined {
    if (this.#listed) throw unexpected(PacketType.STAT);
    if (stat === undefined) this.#listed = true;
    else this.#enter(stat, this.#entries++);
  }

  #enter(stat: Stat, id: number): void {
    const { path, linkname } = stat;
    checkEntryPath(path);
    checkNumbers(stat);
    const isFolder = (stat.mode & FileMode.DIR) !== 0;
    this.#order.next(path, isFolder);
    const mode = permissions(stat.mode);
    const mtime = new Date(stat.mtimeMs);
    const isFile = isRegular(stat.mode) && linkname === "";
    this.#tree.claim(
      isFile ? stat.size : 0,
      byteLength(path) + byteLength(linkname),
    );
    if (isFile) {
      const { size } = stat;
      this.#files.set(id, {
        path,
        mode,
        mtime,
        size,
        asked: false,
        received: 0,
        bytes: undefined,
        writer: undefined,
      });
      this.#queue.push(id);
    } else if (isRegular(stat.mode)) {
      checkEntryPath(linkname);
      this.#links.push({ path, target: linkname });
    } else if (isFolder) this.#tree.folder(path, mode, mtime);
    else if ((stat.mode & FileMode.SYMLINK) !== 0) {
      checkTarget(path, linkname);
      this.#tree.symlink(path, linkname, mtime);
    } else this.#tree.skip(path);
  }

  /** Asks for files until enough requests are open. */
  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      while (
        this.#outstanding < MAX_REQUESTS && this.#next < this.#queue.length
      ) {
        const id = this.#queue[this.#next++]!;
        this.#files.get(id)!.asked = true;
        this.#outstanding++;
        const room = this.#stream.write(this.#packet.request(id));
        if (room !== undefined) await room;
      }
      if (this.#next === this.#queue.length) {
        this.#queue = [];
        this.#next = 0;
      }
    } catch {
      // The connection is closed; the next read reports it.
    } finally {
      this.#asking = false;
    }
  }

  #receive(id: number, data: Uint8Array): Promise<void> | undefined {
    const file = this.#files.get(id);
    if (file === undefined || !file.asked) {
      throw new ProtocolError(
        `The engine sent content of entry ${id}, which was not asked for: nothing of it was kept`,
      );
    }
    if (data.length === 0) return this.#end(id, file);
    const at = file.received;
    file.received += data.length;
    if (file.received > file.size) throw wrongSize(file);
    if (file.size <= SMALL_BYTES) {
      file.bytes ??= new Uint8Array(file.size);
      file.bytes.set(data, at);
      return;
    }
    file.writer ??= this.#tree.open(file.path);
    return file.writer.write(data)?.catch((error) => {
      throw this.#tree.unwritable(file.path, error);
    });
  }

  #end(id: number, file: Incoming<File>): Promise<void> | undefined {
    if (file.received !== file.size) throw wrongSize(file);
    this.#files.delete(id);
    this.#outstanding--;
    const { path, mode, mtime, writer, bytes = new Uint8Array(0) } = file;
    if (writer !== undefined) return this.#tree.end(writer, path, mode, mtime);
    this.#tree.file(path, mode, mtime, bytes);
  }

  #givenUp(reason: Uint8Array): Error {
    const text = new TextDecoder().decode(reason.subarray(0, MAX_REASON_BYTES));
    return this.#tree.givenUp(text);
  }
}

function decode(bytes: Uint8Array): Packet {
  try {
    return readPacket(bytes);
  } catch (cause) {
    throw new ProtocolError(
      "The engine sent a packet of the result that can't be read; a name that is no UTF-8 is one",
      { cause },
    );
  }
}

function wrongSize(
  { path, size, received }: Incoming<unknown>,
): ProtocolError {
  return new ProtocolError(
    `The engine announced ${quoted(path)} with ${size} bytes and sent ${
      received > size ? "more" : received
    }: nothing of it was kept`,
  );
}

function unexpected(type: number): ProtocolError {
  return new ProtocolError(
    `The engine sent a packet of type ${type} where none may come: nothing of the result was kept`,
  );
}

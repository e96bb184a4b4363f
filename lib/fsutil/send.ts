import type { ContextEntry } from "../context/entry.ts";
import type { FolderFile } from "../context/file.ts";
import { unreadable } from "../context/unreadable.ts";
import { ContextError } from "../errors.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { FramedDuplex } from "../streams/duplex.ts";
import { Slice } from "../streams/slices.ts";
import { turn } from "../streams/turn.ts";
import {
  type Local,
  type LocalFile,
  type LocalRequest,
  noTransfers,
  type TransferCounts,
} from "./local.ts";
import { FileTable } from "./file_table.ts";
import { isRegular, type Packet, PacketType } from "./packets.ts";
import { readPacket } from "./packet_reader.ts";
import { PacketWriter } from "./packet_writer.ts";
import { statOf } from "./stat.ts";

/**
 * How much of a file one packet holds, in bytes; smaller packets cost both
 * sides more. An engine takes at most 16 MiB, before version 26 4 MiB.
 */
const CHUNK_BYTES: number = 512 * 1024;

/**
 * How many entries are sent at once. Between two pauses of the walk, the clock is
 * read only then.
 */
const STATS_AT_ONCE = 16;

/** Files up to this length are read synchronously, in bytes. */
const SMALL_BYTES: number = 64 * 1024;

/**
 * Sends a folder to the engine: the STATs of all entries, and the contents of
 * the files that the engine asks for because it does not have them.
 *
 * @returns How much was offered and how much was sent.
 * @throws {ContextError} If something can't be read; the engine gets this
 * error, too.
 * @throws {GrpcError} If the engine violates the protocol.
 */
export async function sendLocal(
  stream: FramedDuplex,
  local: Local,
  request: LocalRequest,
): Promise<TransferCounts> {
  const answering = local.answering?.(request) ?? local;
  const sender = new Sender(stream, answering);
  try {
    await sender.run(answering.entries(request));
    return sender.counts;
  } catch (error) {
    const told = error instanceof ContextError || error instanceof GrpcError;
    if (told && !stream.signal.aborted) {
      await stream.write(new PacketWriter().error(error.message));
    }
    throw error;
  }
}

class Sender {
  readonly counts: TransferCounts = noTransfers();
  readonly #stream: FramedDuplex;
  readonly #local: Local;
  readonly #packet = new PacketWriter();
  /** The regular files that the engine may still ask for. */
  readonly #files = new FileTable();
  /** Ids of the files that it asked for, from index `#next` on. */
  #requests: number[] = [];
  #next = 0;
  #finished = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(SMALL_BYTES + 1);
  /** Two buffers for large files: one is sent while the other is filled. */
  #chunks: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] | undefined;

  constructor(stream: FramedDuplex, local: Local) {
    this.#stream = stream;
    this.#local = local;
  }

  async run(
    entries: Iterator<ContextEntry | undefined, void, undefined>,
  ): Promise<void> {
    // The loop below throws the failure.
    this.#receive().catch((error) => {
      this.#failure = { error };
      this.#wake?.();
    });
    let listing = true;
    try {
      while (true) {
        if (listing) listing = await this.#sendEntries(entries);
        await this.#sendFiles();
        if (this.#failure !== undefined) throw this.#failure.error;
        const idle = this.#next === this.#requests.length;
        if (listing || !idle) await turn();
        else if (this.#finished) break;
        else await new Promise<void>((wake) => this.#wake = wake);
      }
    } finally {
      entries.return?.();
    }
    await this.#stream.write(this.#packet.finish());
  }

  /**
   * Reads requests until the engine sends FIN: it has everything that it needs.
   */
  async #receive(): Promise<void> {
    while (!this.#finished) {
      const bytes = await this.#stream.read();
      if (bytes === null) {
        throw new GrpcError(GrpcCode.UNKNOWN, "the transfer was given up");
      }
      const { type, id, data } = decode(bytes);
      switch (type) {
        case PacketType.REQ:
          if (!this.#files.ask(id)) {
            throw new GrpcError(
              GrpcCode.INVALID_ARGUMENT,
              `invalid file id ${id}`,
            );
          }
          this.#requests.push(id);
          break;
        case PacketType.FIN:
          if (this.#next !== this.#requests.length) {
            throw new GrpcError(
              GrpcCode.FAILED_PRECONDITION,
              "finished before the files that were asked for were sent",
            );
          }
          this.#finished = true;
          break;
        case PacketType.ERR:
          throw new GrpcError(
            GrpcCode.UNKNOWN,
            `error from receiver: ${new TextDecoder().decode(data)}`,
          );
        default:
          throw new GrpcError(
            GrpcCode.INVALID_ARGUMENT,
            `unexpected packet of type ${type}`,
          );
      }
      this.#wake?.();
    }
  }

  /**
   * Sends entries for one slice of time, a few at once; false when all are sent.
   */
  async #sendEntries(
    entries: Iterator<ContextEntry | undefined, void, undefined>,
  ): Promise<boolean> {
    const { counts } = this;
    const slice = new Slice();
    let count = 0;
    while (true) {
      const next = entries.next();
      if (next.done) {
        this.#packet.addStat();
        await this.#sendStats();
        return false;
      }
      const entry = next.value;
      if (entry === undefined) {
        if (!slice.over) continue;
        await this.#sendStats();
        return true;
      }
      const stat = statOf(entry);
      const wanted = isRegular(stat.mode) && entry.hardlink === undefined;
      this.#files.add(wanted ? entry.path : undefined, entry.size);
      if (wanted) {
        counts.files++;
        counts.bytesOffered += entry.size;
      }
      this.#packet.addStat(stat);
      if (++count % STATS_AT_ONCE !== 0) continue;
      const room = this.#sendStats();
      if (room !== undefined) await room;
      if (slice.over) return true;
    }
  }

  #sendStats(): Promise<void> | undefined {
    return this.#stream.writeFramed(this.#packet.takeStats());
  }

  /**
   * Sends the contents of files for one slice of time; a file is always sent to
   * its end.
   *
   * While there is room, nothing here waits: so what is written in a slice goes
   * out in few, full pieces, which costs both sides less.
   */
  async #sendFiles(): Promise<void> {
    const slice = new Slice();
    while (this.#next < this.#requests.length) {
      if (this.#failure !== undefined) return;
      const id = this.#requests[this.#next]!;
      const { path, size } = this.#files.take(id);
      const content = this.#local.content(path);
      const sending = content instanceof Uint8Array
        ? this.#sendBytes(id, content)
        : this.#sendFile(id, content, size);
      if (sending !== undefined) await sending;
      if (this.#next === this.#requests.length) {
        this.#requests = [];
        this.#next = 0;
      }
      if (slice.over) return;
    }
  }

  #sendBytes(id: number, bytes: Uint8Array): Promise<void> | undefined {
    return bytes.length <= CHUNK_BYTES
      ? this.#sendWhole(id, bytes)
      : this.#sendPieces(id, bytes);
  }

  async #sendPieces(id: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      await this.#data(id, bytes.subarray(at, at + CHUNK_BYTES));
      if (this.#failure !== undefined) throw this.#failure.error;
    }
    await this.#end(id);
  }

  #sendFile(
    id: number,
    where: LocalFile,
    size: number,
  ): Promise<void> | undefined {
    if (files === undefined) return this.#sendFirst(id, where, size);
    if (size <= SMALL_BYTES) {
      const bytes = readSmall(files, where, size, this.#buffer);
      if (bytes !== undefined) return this.#sendWhole(id, bytes);
    }
    return this.#sendLarge(files, id, where, size);
  }

  async #sendFirst(id: number, where: LocalFile, size: number): Promise<void> {
    files ??= await import("../context/file.ts");
    await this.#sendFile(id, where, size);
  }

  /** Sends the content of a file in one packet. */
  #sendWhole(id: number, bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0) return this.#end(id);
    const room = this.#data(id, bytes);
    return room === undefined ? this.#end(id) : room.then(() => this.#end(id));
  }

  async #sendLarge(
    module: FileModule,
    id: number,
    where: LocalFile,
    size: number,
  ): Promise<void> {
    {
      using file = open(module, where, size);
      try {
        if (file !== undefined) await this.#sendOpen(id, file);
      } catch (error) {
        throw readFailure(module, where, error);
      }
    }
    await this.#end(id);
  }

  async #sendOpen(id: number, file: FolderFile): Promise<void> {
    let [buffer, ahead] = this.#chunks ??= [
      new Uint8Array(CHUNK_BYTES),
      new Uint8Array(CHUNK_BYTES),
    ];
    let reading = file.read(ahead);
    try {
      while (true) {
        const count = await reading;
        if (this.#failure !== undefined) throw this.#failure.error;
        if (count === 0) break;
        [buffer, ahead] = [ahead, buffer];
        reading = file.read(ahead);
        await this.#data(id, buffer.subarray(0, count));
      }
    } catch (error) {
      // The file must not be closed while a read runs.
      await reading.catch(() => {}); // of two failures, the first is told
      throw error;
    }
  }

  #data(id: number, bytes: Uint8Array): Promise<void> | undefined {
    this.counts.bytesSent += bytes.length;
    return this.#stream.write(this.#packet.data(id, bytes.length), bytes);
  }

  #end(id: number): Promise<void> | undefined {
    this.counts.filesSent++;
    // Counted before it is written: the engine may answer it with FIN at once.
    this.#next++;
    return this.#stream.write(this.#packet.data(id, 0));
  }
}

/**
 * Loaded with the first file that is sent, because the modules that it needs
 * take longer to load than a whole build without files.
 */
let files: FileModule | undefined;
type FileModule = typeof import("../context/file.ts");

/**
 * Reads a small file whole into the buffer; undefined if it does not fit any
 * more, because it has grown.
 */
function readSmall(
  module: FileModule,
  where: LocalFile,
  size: number,
  buffer: Uint8Array<ArrayBuffer>,
): Uint8Array | undefined {
  using file = open(module, where, size);
  try {
    // The buffer is one byte longer than a small file: if it is not filled, the
    // file has ended.
    const count = file?.readSync(buffer) ?? 0;
    return count < buffer.length ? buffer.subarray(0, count) : undefined;
  } catch (error) {
    throw readFailure(module, where, error);
  }
}

/** Opens a file; undefined for a socket, which has no content. */
function open(
  { FolderFile }: FileModule,
  { root, path }: LocalFile,
  size: number,
): FolderFile | undefined {
  try {
    return new FolderFile(root, path, size);
  } catch (error) {
    if (error instanceof ContextError) throw error;
    if ((error as { code?: string }).code === "ENXIO") return undefined;
    throw unreadable(root + path, error);
  }
}

/**
 * The error of a file that can't be read; other errors, such as those of the
 * stream, are not changed.
 */
function readFailure(
  { FileReadError }: FileModule,
  { root, path }: LocalFile,
  error: unknown,
): unknown {
  return error instanceof FileReadError
    ? unreadable(root + path, error)
    : error;
}

function decode(bytes: Uint8Array): Packet {
  try {
    return readPacket(bytes);
  } catch (cause) {
    throw new GrpcError(GrpcCode.INVALID_ARGUMENT, "unreadable packet", {
      cause,
    });
  }
}

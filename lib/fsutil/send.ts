import type { ContextEntry } from "../context/entry.ts";
import type { FolderFile } from "../context/file.ts";
import { unreadable } from "../context/unreadable.ts";
import { ContextError } from "../errors.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { MessageDuplex } from "../streams/duplex.ts";
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

/** How much of a file goes into one packet: less costs both sides more. */
const CHUNK_BYTES: number = 512 * 1024;

/** Files up to this length are read at once, without giving way in between. */
const SMALL_BYTES: number = 64 * 1024;

/** How long other work waits for ours, in milliseconds. */
const SLICE_MS = 2;

/**
 * Sends a folder to the engine: every entry's STAT, and the content of the
 * files that it asks for, which are those that it does not have.
 *
 * @returns What was offered and what was taken.
 * @throws {ContextError} If something can't be read; the engine was told so.
 * @throws {GrpcError} If the engine asks for what it may not ask for.
 */
export async function sendLocal(
  stream: MessageDuplex,
  local: Local,
  request: LocalRequest,
): Promise<TransferCounts> {
  const sender = new Sender(stream, local);
  try {
    await sender.run(local.entries(request));
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
  readonly #stream: MessageDuplex;
  readonly #local: Local;
  readonly #packet = new PacketWriter();
  /** The regular files that were not asked for yet. */
  readonly #files = new FileTable();
  /** Ids that were asked for, from `#next` on. */
  #requests: number[] = [];
  #next = 0;
  #finished = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(SMALL_BYTES + 1);
  /** For large files: one is sent while the other is filled. */
  #chunks: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] | undefined;

  constructor(stream: MessageDuplex, local: Local) {
    this.#stream = stream;
    this.#local = local;
  }

  async run(
    entries: Iterator<ContextEntry | undefined, void, undefined>,
  ): Promise<void> {
    // Its failure is seen by the loop below.
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

  /** Takes requests until the engine has all that it wants, and says so. */
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

  /** Sends entries for a slice of time; false when all are sent. */
  async #sendEntries(
    entries: Iterator<ContextEntry | undefined, void, undefined>,
  ): Promise<boolean> {
    const { counts } = this;
    const slice = new Slice(SLICE_MS);
    for (let count = 1;; count++) {
      const next = entries.next();
      if (next.done) {
        await this.#stream.write(this.#packet.stat());
        return false;
      }
      const entry = next.value;
      if (entry === undefined) {
        if (slice.over) return true;
        continue;
      }
      const stat = statOf(entry);
      const wanted = isRegular(stat.mode) && entry.hardlink === undefined;
      this.#files.add(wanted ? entry.path : undefined, entry.size);
      if (wanted) {
        counts.files++;
        counts.bytesOffered += entry.size;
      }
      const room = this.#stream.write(this.#packet.stat(stat));
      if (room !== undefined) await room;
      if (count % 16 === 0 && slice.over) return true;
    }
  }

  /** Sends the content of files for a slice of time, a large one whole. */
  async #sendFiles(): Promise<void> {
    const slice = new Slice(SLICE_MS);
    while (this.#next < this.#requests.length) {
      if (this.#failure !== undefined) return;
      const id = this.#requests[this.#next]!;
      const { path, size } = this.#files.take(id);
      const content = this.#local.content(path);
      if (content instanceof Uint8Array) await this.#sendBytes(id, content);
      else await this.#sendFile(id, content, size);
      if (this.#next === this.#requests.length) {
        this.#requests = [];
        this.#next = 0;
      }
      if (slice.over) return;
    }
  }

  async #sendBytes(id: number, bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#data(id, bytes);
    await this.#end(id);
  }

  async #sendFile(id: number, where: LocalFile, size: number): Promise<void> {
    {
      using file = await open(where, size);
      try {
        if (file !== undefined) {
          // What is longer than it was is large after all.
          if (size > SMALL_BYTES || !await this.#sendSmall(id, file)) {
            await this.#sendLarge(id, file);
          }
        }
      } catch (error) {
        throw isReadFailure(error)
          ? unreadable(`${where.root}${where.path}`, error)
          : error;
      }
    }
    await this.#end(id);
  }

  /** Sends a small file at once; false if there is more of it. */
  async #sendSmall(id: number, file: FolderFile): Promise<boolean> {
    const buffer = this.#buffer;
    // One byte more than it should have: what is shorter is at its end.
    const count = file.readSync(buffer);
    if (count === 0) return true;
    const room = this.#data(id, buffer.subarray(0, count));
    if (room !== undefined) await room;
    return count < buffer.length;
  }

  async #sendLarge(id: number, file: FolderFile): Promise<void> {
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
      // The file may only be closed when nobody reads it.
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
    // The engine may say FIN as soon as it has this.
    this.#next++;
    return this.#stream.write(this.#packet.data(id, 0));
  }
}

/** Loaded with the first file that is sent: what it stands on takes longer than a build that sends none. */
let files: typeof import("../context/file.ts") | undefined;

/** Undefined for what has no content: a socket. */
async function open(
  { root, path }: LocalFile,
  size: number,
): Promise<FolderFile | undefined> {
  files ??= await import("../context/file.ts");
  try {
    return new files.FolderFile(root, path, size);
  } catch (error) {
    if (error instanceof ContextError) throw error;
    if ((error as { code?: string }).code === "ENXIO") return undefined;
    throw unreadable(root + path, error);
  }
}

/** Whether a file can't be read, and not the stream written. */
function isReadFailure(error: unknown): boolean {
  return files !== undefined && error instanceof files.FileReadError;
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

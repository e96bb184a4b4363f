import { ByteStream } from "../streams/byte_stream.ts";
import type { ContentScan, FindCollector, FindPlace } from "./find.ts";
import { PackingError } from "./inflate.ts";
import type { Member } from "./member.ts";
import {
  isCertain,
  isOtherPacking,
  type Packing,
  packingOf,
  unpack,
} from "./packing.ts";
import {
  isTar,
  NotTarError,
  tarEntries,
  type TarEntry,
} from "./tar_entries.ts";

const encoder = new TextEncoder();

/** How many paths are reported that can't be unpacked. */
const MAX_UNREADABLE = 100;

/**
 * How many levels of compressed content within compressed content are searched.
 */
const MAX_LEVELS = 8;

/**
 * How many bytes are needed to recognise content: a tar is recognised by its
 * first block.
 */
const HEAD_BYTES = 512;

/**
 * Searches files, both as they are and unpacked, also if archives are nested.
 * Content that it can't unpack is recorded in `unreadable`.
 */
export class ContentReader {
  /** Collects the finds. */
  readonly finds: FindCollector;
  /**
   * Places of compressed content that is damaged, or compressed in an unknown
   * way.
   */
  readonly unreadable: Pick<FindPlace, "blob" | "path">[] = [];
  /** How many more there were than are kept. */
  unreadableLost = 0;
  readonly #signal: AbortSignal | undefined;

  /** @param signal Ends the search, between two files or within a long one. */
  constructor(finds: FindCollector, signal?: AbortSignal) {
    this.finds = finds;
    this.#signal = signal;
  }

  /** Searches one file to its end. */
  async file(place: FindPlace, source: ByteStream): Promise<void> {
    this.#signal?.throwIfAborted();
    await this.#scanned(place, source, (seen) => this.#inside(place, seen, 0));
  }

  /**
   * Searches what follows after the end of an archive or of compressed content.
   */
  async behind(place: FindPlace, source: ByteStream): Promise<void> {
    await this.#scanned(place, source, (seen) => this.trailer(place, seen));
  }

  /**
   * Searches what follows after the end of compressed content; if it is
   * something unknown, records the place as not readable.
   */
  async trailer(place: FindPlace, seen: ByteStream, level = 0): Promise<void> {
    await seen.skipZeros();
    const head = await seen.peek(HEAD_BYTES);
    if (head.length === 0) return;
    if (isTar(head) || packingOf(head) !== undefined) {
      await this.#inside(place, seen, level);
    } else {
      this.damaged(place.blob, place.path);
    }
  }

  /**
   * Searches inside compressed content or an archive; other content is left in
   * the source.
   */
  async #inside(
    place: FindPlace,
    source: ByteStream,
    level: number,
  ): Promise<void> {
    const head = await source.peek(HEAD_BYTES);
    const isArchive = isTar(head);
    const packing = isArchive ? undefined : packingOf(head);
    if (!isArchive && packing === undefined) {
      if (isOtherPacking(head)) this.damaged(place.blob, place.path);
      return;
    }
    if (level === MAX_LEVELS) {
      this.damaged(place.blob, place.path);
      return;
    }
    try {
      if (packing === undefined) {
        for await (const { path, content } of tarEntries(source)) {
          const inner = { ...place, path: joinPath(place.path, path) };
          await this.#inside(inner, content, level + 1);
        }
      } else {
        for await (const member of unpack(packing, source)) {
          await this.#member(place, packing, member, level + 1);
        }
      }
    } catch (error) {
      const isDamage = error instanceof PackingError ||
        error instanceof NotTarError;
      if (!isDamage) throw error;
      if (packing === undefined || isCertain(packing)) {
        this.damaged(place.blob, place.path);
      }
      return;
    }
    await this.trailer(place, source, level);
  }

  /**
   * Searches the headers of a file in an archive: everything but its content.
   */
  headers(blob: string, { path, link, headers }: TarEntry): void {
    const place: FindPlace = { blob, part: "name", path };
    // The path is also searched in one piece, since the header of a long one
    // has it in two parts.
    const joined = encoder.encode(`${path}\0${link}`);
    const { finds } = this.finds;
    const before = finds.length;
    for (const bytes of [joined, ...headers]) {
      // Each secret is reported once for all headers of the file.
      const known = new Set(finds.slice(before).map(({ value }) => value));
      const from = finds.length;
      this.finds.scanBytes(place, bytes);
      this.finds.keepFrom(from, ({ value }) => !known.has(value));
    }
  }

  /**
   * Searches the bytes that fill the last block after a file; mostly they are
   * zeros.
   */
  padding(blob: string, path: string, bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === 0)) return;
    this.finds.scanBytes({ blob, part: "name", path }, bytes);
  }

  /** Searches a blob that is in memory. */
  bytes(blob: string, bytes: Uint8Array): void {
    this.finds.scanBytes({ blob, part: "file", path: "" }, bytes);
  }

  /** Records content that can't be read to its end. */
  damaged(blob: string, path: string): void {
    if (this.unreadable.length < MAX_UNREADABLE) {
      this.unreadable.push({ blob, path });
    } else this.unreadableLost++;
  }

  #tapped(source: ByteStream, scan: ContentScan): ByteStream {
    return source.tapped((bytes) => {
      this.#signal?.throwIfAborted();
      scan.push(bytes);
    });
  }

  async #member(
    place: FindPlace,
    packing: Packing,
    { name, content, isStored }: Member,
    level: number,
  ): Promise<void> {
    const path = joinPath(place.path, name);
    if (content === undefined) {
      this.damaged(place.blob, path);
      return;
    }
    const source = ByteStream.from(content);
    if (isStored) {
      // Its bytes are part of the archive's bytes, and were searched with them.
      await this.#inside({ ...place, path }, source, level);
      await source.drain();
      return;
    }
    const inner = { ...place, path, packed: packing };
    await this.#scanned(
      inner,
      source,
      (seen) => this.#inside(inner, seen, level),
    );
  }

  /**
   * Searches the bytes of a source to its end; `read` reads from the same
   * source, and need not read all of it.
   */
  async #scanned(
    place: FindPlace,
    source: ByteStream,
    read: (seen: ByteStream) => Promise<void>,
  ): Promise<void> {
    const scan = this.finds.scan(place);
    try {
      const seen = this.#tapped(source, scan);
      await read(seen);
      await seen.drain();
    } finally {
      scan.end();
    }
  }
}

function joinPath(path: string, name: string): string {
  return [path, name].filter(Boolean).join("!/");
}

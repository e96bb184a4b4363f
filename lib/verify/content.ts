import type { ByteStream } from "./byte_stream.ts";
import type { ContentScan, FindCollector, Place } from "./find.ts";
import { PackingError } from "./inflate.ts";
import { isCertain, packingOf, unpack } from "./packing.ts";
import type { TarEntry } from "./tar_entries.ts";

const encoder = new TextEncoder();

/** How many paths are told of that can't be unpacked. */
const MAX_UNREADABLE = 100;

/** Looks through files: as they are, and unpacked once. */
export class ContentReader {
  /** What is found. */
  readonly finds: FindCollector;
  /** Packed content that is damaged, and not looked through to its end. */
  readonly unreadable: Pick<Place, "blob" | "path">[] = [];
  readonly #signal: AbortSignal | undefined;

  /** @param signal Ends it between two files, and within a long one. */
  constructor(finds: FindCollector, signal?: AbortSignal) {
    this.finds = finds;
    this.#signal = signal;
  }

  /** Looks through one file, to its end. */
  async file(place: Place, source: ByteStream): Promise<void> {
    this.#signal?.throwIfAborted();
    const scan = this.finds.scan(place);
    try {
      const seen = this.#tapped(source, scan);
      const packing = packingOf(await seen.peek(4));
      if (packing !== undefined) {
        try {
          for await (const { name, content } of unpack(packing, seen)) {
            const path = [place.path, name].filter(Boolean).join("!/");
            await this.#member({ ...place, path, packed: packing }, content);
          }
        } catch (error) {
          if (!(error instanceof PackingError)) throw error;
          if (isCertain(packing)) this.damaged(place.blob, place.path);
        }
      }
      await seen.drain();
    } finally {
      scan.end();
    }
  }

  /** Looks through one file as it is. */
  async plain(place: Place, source: ByteStream): Promise<void> {
    const scan = this.finds.scan(place);
    try {
      await this.#tapped(source, scan).drain();
    } finally {
      scan.end();
    }
  }

  /** Looks through what an archive says of a file, besides its content. */
  headers(blob: string, { path, link, headers }: TarEntry): void {
    const place: Place = { blob, part: "name", path };
    // A long path lies there in two parts.
    const joined = encoder.encode(`${path}\0${link}`);
    const { finds } = this.finds;
    const before = finds.length;
    for (const bytes of [joined, ...headers]) {
      // Once is enough for each.
      const known = new Set(finds.slice(before).map(({ value }) => value));
      const from = finds.length;
      this.finds.scanBytes(place, bytes);
      this.finds.keepFrom(from, ({ value }) => !known.has(value));
    }
  }

  /** Looks through what fills the blocks behind a file, which is zeros mostly. */
  padding(blob: string, path: string, bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === 0)) return;
    this.finds.scanBytes({ blob, part: "name", path }, bytes);
  }

  /** Looks through a blob that is at hand. */
  bytes(blob: string, bytes: Uint8Array): void {
    this.finds.scanBytes({ blob, part: "file", path: "" }, bytes);
  }

  /** Notes something that can't be read to its end. */
  damaged(blob: string, path: string): void {
    if (this.unreadable.length >= MAX_UNREADABLE) return;
    this.unreadable.push({ blob, path });
  }

  #tapped(source: ByteStream, scan: ContentScan): ByteStream {
    return source.tapped((bytes) => {
      this.#signal?.throwIfAborted();
      scan.push(bytes);
    });
  }

  async #member(
    place: Place,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const scan = this.finds.scan(place);
    try {
      for await (const bytes of content) {
        this.#signal?.throwIfAborted();
        scan.push(bytes);
      }
    } finally {
      scan.end();
    }
  }
}

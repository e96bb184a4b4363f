/** A header field: a name in lower case, and a value with one character per byte. */
export type HeaderField = readonly [name: string, value: string];

/**
 * The static table, from index 1 (RFC 7541 appendix A); a value that is not
 * given is empty.
 */
export const STATIC_TABLE: readonly HeaderField[] = [
  ":authority",
  ":method GET",
  ":method POST",
  ":path /",
  ":path /index.html",
  ":scheme http",
  ":scheme https",
  ":status 200",
  ":status 204",
  ":status 206",
  ":status 304",
  ":status 400",
  ":status 404",
  ":status 500",
  "accept-charset",
  "accept-encoding gzip, deflate",
  "accept-language",
  "accept-ranges",
  "accept",
  "access-control-allow-origin",
  "age",
  "allow",
  "authorization",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expect",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "link",
  "location",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "range",
  "referer",
  "refresh",
  "retry-after",
  "server",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "user-agent",
  "vary",
  "via",
  "www-authenticate",
].map((line) => {
  const [name, ...value] = line.split(" ");
  return [name!, value.join(" ")];
});

/** The default size of the dynamic table, in bytes as the RFC counts them. */
export const DEFAULT_HEADER_TABLE_SIZE = 4096;

/**
 * The size of a field in a table or a header list: its bytes and 32 more (RFC
 * 7541 section 4.1).
 */
export function fieldSize(field: HeaderField): number {
  return field[0].length + field[1].length + 32;
}

/**
 * The static and the dynamic table, with common indexes (RFC 7541 section 2.3).
 */
export class HpackTable {
  /**
   * The dynamic table's fields, oldest first; the newest has the smallest
   * index.
   */
  readonly #fields: HeaderField[] = [];
  #size = 0;
  #maxSize: number;

  /**
   * @param maxSize The dynamic table's size, in bytes; it is empty at the
   * start.
   */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The present size of the dynamic table's fields, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** The field at `index`, counted from 1, or `undefined` past the end. */
  at(index: number): HeaderField | undefined {
    return index <= STATIC_TABLE.length
      ? STATIC_TABLE[index - 1]
      : this.#fields[this.#fields.length - (index - STATIC_TABLE.length)];
  }

  /**
   * Adds a field and evicts the oldest ones as needed; a field larger than the
   * table empties it (RFC 7541 section 4.4).
   */
  add(field: HeaderField): void {
    const size = fieldSize(field);
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    this.#fields.push(field);
    this.#size += size;
  }

  /**
   * Changes the size of the dynamic table, and evicts the fields that do not
   * fit any more.
   */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    while (this.#size > room) {
      const oldest = this.#fields.shift();
      if (oldest === undefined) return;
      this.#size -= fieldSize(oldest);
    }
  }
}

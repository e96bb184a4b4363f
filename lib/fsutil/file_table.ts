const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Length of a block of names, in bytes: as more names come, blocks are added
 * and nothing is copied.
 */
const PIECE_BYTES = 256 * 1024;

/**
 * The longest name of a file, in bytes: file systems have shorter ones. A name
 * is never split between blocks.
 */
const MAX_NAME_BYTES = 3 * 4096;

/**
 * The size of an entry that can't be asked for (any more). A file that was
 * asked for has a number below this, from which its size is computed.
 */
const CLOSED = -1;

/**
 * The files that an engine may still ask for, by their ids. It has every file
 * of a context, although most are never asked for, so it is kept small: an
 * entry takes its name and twenty bytes.
 */
export class FileTable {
  #count = 0;
  #sizes = new Float64Array(1024);
  /** Position of each name, as if all blocks were one. */
  #places = new Float64Array(1024);
  /** The folder of each file, as an index in `#folders`. */
  #parents = new Uint32Array(1024);
  readonly #pieces: Uint8Array[] = [];
  #at = 0;
  readonly #folders: string[] = [""];
  /**
   * The folders above the last file, outermost first, as indexes in `#folders`.
   */
  readonly #above: number[] = [0];

  /**
   * Adds the entry with the next id; entries come in the order of a walk.
   *
   * @param path The entry's path if its content may be asked for.
   */
  add(path: string | undefined, size: number): void {
    const id = this.#count++;
    if (id === this.#sizes.length) this.#grow();
    this.#places[id] = this.#at;
    this.#sizes[id] = path === undefined ? CLOSED : size;
    if (path === undefined) return;
    const cut = path.lastIndexOf("/") + 1;
    this.#parents[id] = this.#folder(path, cut);
    this.#write(path.slice(cut));
  }

  /**
   * Marks the file with this id as asked for; false if it can't be asked for,
   * or already was.
   */
  ask(id: number): boolean {
    if (id >= this.#count || this.#sizes[id]! < 0) return false;
    this.#sizes[id] = CLOSED - 1 - this.#sizes[id]!;
    return true;
  }

  /**
   * Path and length of a file that was asked for; may be called once for each.
   */
  take(id: number): { readonly path: string; readonly size: number } {
    const size = CLOSED - 1 - this.#sizes[id]!;
    this.#sizes[id] = CLOSED;
    const from = this.#places[id]!;
    const piece = this.#pieces[Math.floor(from / PIECE_BYTES)]!;
    const at = from % PIECE_BYTES;
    const length = piece[at]! + piece[at + 1]! * 256;
    const name = decoder.decode(piece.subarray(at + 2, at + 2 + length));
    return { path: this.#folders[this.#parents[id]!]! + name, size };
  }

  #folder(path: string, cut: number): number {
    const above = this.#above;
    let last = this.#folders[above.at(-1)!]!;
    while (!(last.length <= cut && path.startsWith(last))) {
      above.pop();
      last = this.#folders[above.at(-1)!]!;
    }
    if (last.length === cut) return above.at(-1)!;
    // A new string: a slice of another one would keep the whole of it in
    // memory.
    const folder = decoder.decode(encoder.encode(path.slice(0, cut)));
    above.push(this.#folders.push(folder) - 1);
    return above.at(-1)!;
  }

  #write(name: string): void {
    const room = PIECE_BYTES - this.#at % PIECE_BYTES;
    if (this.#at % PIECE_BYTES === 0 || room < MAX_NAME_BYTES + 2) {
      this.#at = this.#pieces.length * PIECE_BYTES;
      this.#pieces.push(new Uint8Array(PIECE_BYTES));
      this.#places[this.#count - 1] = this.#at;
    }
    const piece = this.#pieces.at(-1)!;
    const at = this.#at % PIECE_BYTES;
    const { written } = encoder.encodeInto(name, piece.subarray(at + 2));
    piece[at] = written % 256;
    piece[at + 1] = written >>> 8;
    this.#at += 2 + written;
  }

  #grow(): void {
    const length = this.#sizes.length * 2;
    const sizes = new Float64Array(length);
    sizes.set(this.#sizes);
    this.#sizes = sizes;
    const places = new Float64Array(length);
    places.set(this.#places);
    this.#places = places;
    const parents = new Uint32Array(length);
    parents.set(this.#parents);
    this.#parents = parents;
  }
}

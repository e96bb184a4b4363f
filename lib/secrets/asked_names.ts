/** How many names are remembered, and how long each may be, in UTF-16 code units. */
const MAX_NAMES = 1000;
const MAX_NAME_LENGTH = 1024;

/**
 * Names that an engine asked for, in their order: ids of secrets and ssh
 * agents, registries. An engine may ask as often as it likes; what is kept of
 * that is bounded.
 */
export class AskedNames implements Iterable<string> {
  readonly #names = new Set<string>();

  /** Notes a name. True if it is new, and remembered: worth telling of. */
  add(name: string): boolean {
    if (
      this.#names.has(name) || this.#names.size >= MAX_NAMES ||
      name.length > MAX_NAME_LENGTH
    ) return false;
    this.#names.add(name);
    return true;
  }

  /** Whether it is remembered. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The names, in the order in which they were asked for. */
  [Symbol.iterator](): Iterator<string> {
    return this.#names[Symbol.iterator]();
  }
}

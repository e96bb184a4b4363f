/** How many names are kept, and how long each may be, in UTF-16 code units. */
const MAX_NAMES = 1000;
const MAX_NAME_LENGTH = 1024;

/**
 * Names that an engine asked for, in their order: ids of secrets and ssh
 * agents, registries. The number of names that are kept is limited, because an
 * engine may ask any number of times.
 */
export class AskedNames implements Iterable<string> {
  readonly #names = new Set<string>();

  /**
   * Adds a name.
   *
   * @returns Whether it is new and was kept; only then it should be reported.
   */
  add(name: string): boolean {
    if (
      this.#names.has(name) || this.#names.size >= MAX_NAMES ||
      name.length > MAX_NAME_LENGTH
    ) return false;
    this.#names.add(name);
    return true;
  }

  /** Whether the name was kept. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The names, in the order in which they were asked for. */
  [Symbol.iterator](): Iterator<string> {
    return this.#names[Symbol.iterator]();
  }
}

/** What stands wherever a secret would be printed. */
const MASK = "[secret]";

/** What else is known of a {@linkcode Secret}. */
export interface SecretOptions {
  /**
   * Whether it may be seen, such as the name of a user or an organisation,
   * which stands in labels and build arguments, too: a build is then neither
   * refused nor warned for it, and does not mask it in what it says. It still
   * prints as `[secret]`, and `verify` still looks for it.
   *
   * @default {false}
   */
  readonly visible?: boolean | undefined;
}

/**
 * A value that must not be seen: it prints as `[secret]` in `Deno.inspect`,
 * `String()`, template strings and `JSON.stringify`.
 *
 * @example
 * ```ts
 * const token = new Secret("hunter2");
 * console.log(`${token}`, token, JSON.stringify({ token })); // [secret] three times
 * ```
 */
export class Secret {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** Whether it may be seen in what a build says and stores; see {@linkcode SecretOptions}. */
  readonly visible: boolean;

  /**
   * Takes a copy; text becomes its UTF-8 bytes.
   *
   * @throws {TypeError} If it is neither text nor bytes.
   */
  constructor(value: string | Uint8Array, options: SecretOptions = {}) {
    if (typeof value !== "string" && !(value instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot make a Secret of ${
          value === undefined ? "undefined" : "this"
        }: expected text or bytes; is the variable that it is read from set?`,
      );
    }
    this.visible = options.visible ?? false;
    this.#bytes = typeof value === "string"
      ? new TextEncoder().encode(value)
      : new Uint8Array(value);
  }

  /** Length of the value in bytes. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  /** The value itself. Do not write into it, and do not print it. */
  reveal(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Always `[secret]`. */
  toString(): string {
    return MASK;
  }

  /** Always `[secret]`. */
  toJSON(): string {
    return MASK;
  }
}

// The hooks of `Deno.inspect` and node's `util.inspect`; as methods of the
// class their computed names would be slow types.
for (const hook of ["Deno.customInspect", "nodejs.util.inspect.custom"]) {
  Object.defineProperty(Secret.prototype, Symbol.for(hook), {
    value: () => MASK,
  });
}

/** The text that is printed instead of a secret. */
const MASK = "[secret]";

/** Options of a {@linkcode Secret}. */
export interface SecretOptions {
  /**
   * Whether the value may be seen. Use it for a value that is also used in
   * labels and build arguments, such as a user's or organisation's name: such a
   * use is then neither refused nor warned about, and the value is not masked
   * in the build's output. The secret still prints as `[secret]`, and `verify`
   * still looks for it.
   *
   * @default {false}
   */
  readonly visible?: boolean | undefined;
}

/**
 * A confidential value. It prints as `[secret]` in `Deno.inspect`, `String()`,
 * template strings and `JSON.stringify`.
 *
 * @example
 * ```ts
 * import { Secret } from "@davit/build";
 *
 * const token = new Secret("hunter2");
 * console.log(`${token}`, token, JSON.stringify({ token })); // [secret] three times
 * ```
 */
export class Secret {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /**
   * Whether the value may be seen in a build's output and image; see
   * {@linkcode SecretOptions}.
   */
  readonly visible: boolean;

  /**
   * Copies the value; text is encoded as UTF-8.
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

  /** The value itself. Do not change the bytes, and do not print them. */
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

// The methods that `Deno.inspect` and node's `util.inspect` call. They are not
// declared in the class, because their computed names would be slow types.
for (const hook of ["Deno.customInspect", "nodejs.util.inspect.custom"]) {
  Object.defineProperty(Secret.prototype, Symbol.for(hook), {
    value: () => MASK,
  });
}

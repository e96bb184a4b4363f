import { MAX_SECRETS_HEADER } from "./header.ts";
import { Secret } from "./secret.ts";

/**
 * A secrets header that can't be read. The message quotes nothing of the
 * header, because any part of it may be a secret.
 */
export class SecretsHeaderError extends Error {
  /** Always `SecretsHeaderError`. */
  override readonly name: string = "SecretsHeaderError";
  /** Whether the header is too long; it was then not read. */
  readonly tooLong: boolean;

  /** Makes the error from what is wrong. */
  constructor(why: string, tooLong = false) {
    super(`The X-BuildKit-Secrets header was not taken: ${why}`);
    this.tooLong = tooLong;
  }
}

/** Only the padded standard alphabet; the decoder checks the length. */
const BASE64_REGEXP = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Reads what `encodeSecretsHeader()` writes, and accepts nothing else: base64
 * (standard alphabet, padded, canonical) of UTF-8 JSON, an object of ids to
 * text or `{"base64": "…"}`, with or without `"visible": true`. Input that two
 * readers could read differently, such as an object with the same key twice, is
 * refused.
 *
 * @throws {SecretsHeaderError} If it has another form.
 */
export function decodeSecretsHeader(
  header: string,
): [id: string, secret: Secret][] {
  if (header.length > MAX_SECRETS_HEADER) {
    throw new SecretsHeaderError(
      `it has more than ${MAX_SECRETS_HEADER} characters`,
      true,
    );
  }
  const bytes = decodeBase64(header);
  if (bytes === undefined) {
    throw new SecretsHeaderError(
      "it is not base64 (standard alphabet, with its padding)",
    );
  }
  const object = parseObject(bytes);
  return Object.entries(object).map(([id, value]) => {
    if (id === "" || id.includes("\0")) {
      throw new SecretsHeaderError(
        "an id in it is empty or holds a NUL character",
      );
    }
    return [id, readValue(value)];
  });
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!BASE64_REGEXP.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined; // it is not base64
  }
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
    value = JSON.parse(text);
  } catch {
    // The parser's error is not kept as cause: its message quotes the text.
    throw new SecretsHeaderError("what is encoded in it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SecretsHeaderError(
      "what is encoded in it is no JSON object of ids to values",
    );
  }
  if (hasDoubleKey(text)) {
    throw new SecretsHeaderError("a key stands in it twice");
  }
  return value as Record<string, unknown>;
}

function readValue(value: unknown): Secret {
  if (typeof value === "string") {
    // Text with lone surrogates is refused: it has no UTF-8 form, so another
    // value would arrive.
    if (value.isWellFormed()) return new Secret(value);
  } else if (typeof value === "object" && value !== null) {
    const { base64, visible, ...rest } = value as Record<string, unknown>;
    const fits = (visible === undefined || visible === true) &&
      Object.keys(rest).length === 0;
    const bytes = fits && typeof base64 === "string"
      ? decodeBase64(base64)
      : undefined;
    if (bytes !== undefined) {
      return new Secret(bytes, { visible: visible === true });
    }
  }
  throw new SecretsHeaderError(
    'a value in it is neither text nor {"base64": "…"}',
  );
}

/**
 * The tokens of valid JSON that matter here: strings, and the braces of
 * objects.
 */
const TOKEN_REGEXP = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/**
 * Whether an object in the JSON has the same key twice; `JSON.parse` would
 * silently use the last one.
 */
function hasDoubleKey(json: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(TOKEN_REGEXP)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      const keys = open.at(-1)!;
      if (keys.has(key)) return true;
      keys.add(key);
    }
  }
  return false;
}

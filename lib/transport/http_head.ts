/** The head of an HTTP/1.1 response. */
export interface ResponseHead {
  /** Status code. */
  readonly status: number;
  /** Reason phrase; may be empty. */
  readonly reason: string;
  /** Header fields in order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * A valid field name (RFC 9110, section 5.1), and a value without line breaks,
 * which could add further headers.
 */
const NAME_REGEXP = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex
const VALUE_REGEXP = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/**
 * Writes the head of a request.
 *
 * @throws {TypeError} If a name or value could add further lines; the error
 * names the field and not its value.
 */
export function formatRequestHead(
  method: string,
  target: string,
  headers: readonly (readonly [name: string, value: string])[],
): Uint8Array<ArrayBuffer> {
  if (!/^[!-~]+$/.test(target)) {
    throw new TypeError("Cannot send request: its target holds white space");
  }
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) {
    if (!NAME_REGEXP.test(name) || !VALUE_REGEXP.test(value)) {
      throw new TypeError(
        `Cannot send request: header "${name}" holds a forbidden character`,
      );
    }
    head += `${name}: ${value}\r\n`;
  }
  return new TextEncoder().encode(head + "\r\n");
}

/**
 * Finds the end of a head: the offset after the blank line, or -1.
 *
 * @param from Where to start; it must be at least three bytes before the newest
 * ones, as the blank line may be split between two reads.
 */
export function findHeadEnd(bytes: Uint8Array, from = 0): number {
  let at = bytes.indexOf(0x0a, from);
  while (at !== -1) {
    if (bytes[at + 1] === 0x0a) return at + 2;
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
    at = bytes.indexOf(0x0a, at + 1);
  }
  return -1;
}

/**
 * Reads a response head.
 *
 * @param head The bytes up to the blank line, including it.
 * @throws {SyntaxError} If they are not a response head (RFC 9112, section 4).
 */
export function parseResponseHead(head: Uint8Array): ResponseHead {
  const [first = "", ...lines] = new TextDecoder("latin1").decode(head)
    .split(/\r?\n/);
  const status = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first);
  if (status === null) {
    throw new SyntaxError("Cannot read response: not an HTTP/1.1 status line");
  }
  const headers: [string, string][] = [];
  for (const line of lines) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME_REGEXP.test(name)) {
      throw new SyntaxError("Cannot read response: a header line has no name");
    }
    headers.push([name.toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return { status: Number(status[1]), reason: status[2] ?? "", headers };
}

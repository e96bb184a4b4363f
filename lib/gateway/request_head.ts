import type { ClientReader } from "./client_reader.ts";
import type { Turns } from "./turns.ts";
import type { GatewayLimits } from "./limits.ts";
import { malformed, Refusal } from "./refusal.ts";

/** Length of a body in bytes; `0` for none, `undefined` for a chunked one. */
export type BodyLength = number | undefined;

/** The head of a request, as it was sent. */
export interface RequestHead {
  /** `GET`, `POST`, … */
  readonly method: string;
  /** Path and query; begins with `/`. */
  readonly target: string;
  /** Field values by name in lower case; several lines of a list are joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** Length of the body. */
  readonly length: BodyLength;
  /** Whether the client waits for `100 Continue`. */
  readonly expectsContinue: boolean;
  /** Whether the connection ends with this request. */
  readonly close: boolean;
}

const NAME_REGEXP = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE_REGEXP = /^[\t -~]*$/;
const LINE_REGEXP = /^([A-Z]{1,16}) (\S+) HTTP\/(\d)\.(\d)$/;

/** Most lines of a head: no client that builds sends more. */
const MAX_FIELDS = 256;

/** A head with more bytes takes time to parse, and waits for its turn. */
const LARGE_HEAD_BYTES = 16 * 1024;

/** Most characters of a `Connection` field. */
const MAX_CONNECTION_LENGTH = 1024;

/**
 * Fields that may stand on several lines, which are joined to a list; any other
 * field that comes twice is refused.
 */
const LISTS = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "connection",
  "cookie",
  "pragma",
  "te",
  "via",
  // The refusal of a header, named in the words that its client knows.
  "x-docker-expose-session-grpc-method",
]);

/**
 * Reads a request's head. It accepts only what all HTTP servers read in the
 * same way: lines end in CRLF, a field has one line, a body has one length.
 *
 * @returns null if the client closes the connection before a request, or sends
 * nothing.
 * @throws {Refusal} If it is anything else; then the connection can't be used
 * any more.
 */
export async function readRequestHead(
  source: ClientReader,
  limits: GatewayLimits,
  turns: Turns,
): Promise<RequestHead | null> {
  let bytes = await readHeadBytes(source, limits);
  // Some clients send an additional line end after a body.
  if (bytes?.length === 2 && bytes[0] === 0x0d) {
    bytes = await readHeadBytes(source, limits);
  }
  if (bytes === null) return null;
  if (bytes.length > LARGE_HEAD_BYTES) await turns.take();
  return parseRequestHead(bytes);
}

async function readHeadBytes(
  source: ClientReader,
  { maxHeaderBytes, idleMs, headMs }: GatewayLimits,
): Promise<Uint8Array | null> {
  let first: Uint8Array | null;
  try {
    first = await source.read(idleMs);
  } catch (error) {
    if (error instanceof Refusal) return null; // an idle connection
    throw error;
  }
  if (first === null) return null;
  const deadline = performance.now() + headMs;
  let bytes = new Uint8Array(Math.max(4096, first.length));
  bytes.set(first);
  let length = first.length;
  let searched = 0;
  while (true) {
    const end = headEnd(bytes.subarray(0, length), searched);
    if (end !== -1 && end <= maxHeaderBytes) {
      source.unread(bytes.subarray(end, length));
      return bytes.subarray(0, end);
    }
    if (length > maxHeaderBytes) {
      throw new Refusal(
        431,
        `davit gateway: the request's head has more than ${maxHeaderBytes} bytes`,
      );
    }
    searched = length; // whether a line end ends the head is seen with it
    const next = await source.read(deadline - performance.now());
    if (next === null) throw malformed("it ends within its head");
    if (length + next.length > bytes.length) {
      const larger = new Uint8Array((length + next.length) * 2);
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(next, length);
    length += next.length;
  }
}

/**
 * Offset after the blank line, or after the first line that ends wrongly; -1 if
 * there is neither.
 */
function headEnd(bytes: Uint8Array, from: number): number {
  for (
    let at = bytes.indexOf(0x0a, from);
    at !== -1;
    at = bytes.indexOf(0x0a, at + 1)
  ) {
    const isBare = bytes[at - 1] !== 0x0d;
    const isEmpty = at === 1 || bytes[at - 2] === 0x0a;
    if (isBare || isEmpty) return at + 1;
  }
  return -1;
}

/**
 * Parses a head, including its blank line.
 *
 * @throws {Refusal} If it is not valid.
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const text = new TextDecoder("latin1").decode(bytes);
  const lines = text.split("\r\n", MAX_FIELDS + 4);
  if (lines.length === MAX_FIELDS + 4) {
    throw new Refusal(
      431,
      `davit gateway: the request's head has more than ${MAX_FIELDS} fields`,
    );
  }
  if (/[\r\n]/.test(lines.join(""))) {
    throw malformed("a line does not end in CR LF");
  }
  if (lines.length < 3 || lines.at(-1) !== "" || lines.at(-2) !== "") {
    throw malformed("its head has no end");
  }
  const first = LINE_REGEXP.exec(lines[0]!);
  if (first === null) throw malformed("its first line is none of HTTP/1.1");
  const [, method, target, major, minor] = first as unknown as string[];
  if (major !== "1" || minor !== "1") {
    throw new Refusal(
      505,
      "davit gateway: HTTP/1.1 is spoken here, and no other",
    );
  }
  const headers = parseFields(lines.slice(1, -2));
  const host = headers.get("host");
  if (host === undefined || !/^[A-Za-z0-9.:[\]%_-]*$/.test(host)) {
    throw malformed("it has no Host, or none that can be one");
  }
  const expect = headers.get("expect")?.toLowerCase();
  if (expect !== undefined && expect !== "100-continue") {
    throw new Refusal(417, "davit gateway: that can't be expected here");
  }
  const options = headers.get("connection") ?? "";
  if (options.length > MAX_CONNECTION_LENGTH) {
    throw new Refusal(431, "davit gateway: its Connection field is too long");
  }
  const connection = options.toLowerCase().split(",").map((word) =>
    word.trim()
  );
  return {
    method: method!,
    target: originForm(target!, host),
    headers,
    length: bodyLength(headers),
    expectsContinue: expect !== undefined,
    close: connection.includes("close"),
  };
}

/**
 * The path and query of a request target. A client may send a whole URL, as to
 * a proxy (Deno's `fetch` does over a Unix socket): its host must be the one of
 * the Host field.
 */
function originForm(target: string, host: string): string {
  const prefix = `http://${host}/`;
  const path = target.toLowerCase().startsWith(prefix.toLowerCase())
    ? target.slice(prefix.length - 1)
    : target;
  if (!/^\/[!-~]*$/.test(path)) {
    throw malformed("its target is no path of this server");
  }
  return path;
}

function parseFields(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      throw malformed("a header goes on in a second line");
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1);
    if (!NAME_REGEXP.test(name) || !VALUE_REGEXP.test(value)) {
      throw malformed("a header line is none");
    }
    const before = headers.get(name);
    if (before === undefined) headers.set(name, trimBlanks(value));
    else if (LISTS.has(name)) {
      headers.set(name, `${before}, ${trimBlanks(value)}`);
    } else throw malformed("a header stands there twice");
  }
  return headers;
}

/** `trim()` would remove more than HTTP's two kinds of blanks. */
function trimBlanks(value: string): string {
  const isBlank = (one: string | undefined) => one === " " || one === "\t";
  let start = 0;
  while (isBlank(value[start])) start++;
  const text = value.slice(start);
  let end = text.length;
  while (isBlank(text[end - 1])) end--;
  return text.slice(0, end);
}

function bodyLength(headers: ReadonlyMap<string, string>): BodyLength {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) {
      throw malformed("its body has two lengths");
    }
    if (coding.toLowerCase() !== "chunked") {
      throw malformed("its body has a transfer coding other than chunked");
    }
    return undefined;
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) {
    throw malformed("the length of its body is no number");
  }
  return Number(length);
}

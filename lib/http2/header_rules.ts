import type { HeaderField } from "./hpack_table.ts";

/**
 * Fields that HTTP/2 does not allow, because they are about one HTTP/1.1
 * connection (RFC 9113 section 8.2.2).
 */
const CONNECTION_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const REQUIRED = [":method", ":scheme", ":path"];
const PSEUDO = new Set([...REQUIRED, ":authority"]);

/**
 * Octets that a name must not have: controls, space, upper case, DEL and above,
 * and any ":".
 */
const BAD_NAME = /[\0-\x20A-Z\x7f-\xff:]/;
/**
 * Octets that a value must not have. Spaces around a value are accepted: see
 * {@linkcode requestFault}.
 */
const BAD_VALUE = /[\0\r\n]/;

/**
 * Status codes that HTTP/2 allows: 101 is not one of them (RFC 9113 section
 * 8.6).
 */
const STATUS = /^(?!101)[1-5]\d\d$/;

/** A number of bytes that is exact in a JavaScript number. */
const LENGTH = /^\d{1,15}$/;

/**
 * What is malformed in a request, or `undefined` (RFC 9113 section 8.3).
 *
 * Spaces around a value are accepted, against section 8.2.1: BuildKit sends
 * names of files as values, and these may begin with a space. There is no
 * further hop after this side that could read such a value differently.
 */
export function requestFault(
  fields: readonly HeaderField[],
): string | undefined {
  const pseudo = new Map<string, string>();
  let regular = false;
  for (const [name, value] of fields) {
    if (name.charCodeAt(0) === 0x3a) {
      if (regular) return "pseudo header after a regular one";
      if (!PSEUDO.has(name)) return "unknown pseudo header";
      if (pseudo.has(name)) return `${name} twice`;
      if (BAD_VALUE.test(value)) return `${name} has a forbidden byte`;
      pseudo.set(name, value);
    } else {
      regular = true;
      const fault = fieldFault(name, value);
      if (fault !== undefined) return fault;
    }
  }
  for (const name of REQUIRED) {
    if ((pseudo.get(name) ?? "") === "") return `no ${name}`;
  }
  return undefined;
}

/**
 * What is malformed in a response's head, or `undefined` (RFC 9113 section
 * 8.3.2). Any valid status code is accepted.
 */
export function responseFault(
  fields: readonly HeaderField[],
): string | undefined {
  const [status, ...others] = fields;
  if (status?.[0] !== ":status") return "no :status in front";
  if (!STATUS.test(status[1])) return ":status is no status";
  for (const [name, value] of others) {
    if (name.charCodeAt(0) === 0x3a) return "a second pseudo header";
    const fault = fieldFault(name, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What is malformed in trailers, or `undefined` (RFC 9113 section 8.1). */
export function trailerFault(
  fields: readonly HeaderField[],
): string | undefined {
  for (const [name, value] of fields) {
    if (name.charCodeAt(0) === 0x3a) return "pseudo header in trailers";
    const fault = fieldFault(name, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function fieldFault(name: string, value: string): string | undefined {
  if (name === "" || BAD_NAME.test(name)) return "name with a forbidden byte";
  if (BAD_VALUE.test(value)) return "value with a forbidden byte";
  if (CONNECTION_FIELDS.has(name)) return `connection header ${name}`;
  if (name === "content-length" && !LENGTH.test(value)) {
    return "content-length without a length";
  }
  if (name === "te" && value !== "trailers") return "te other than trailers";
  return undefined;
}

import type { HeaderField } from "./hpack_table.ts";

/** Fields that belong to one HTTP/1.1 connection (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const REQUIRED = [":method", ":scheme", ":path"];
const PSEUDO = new Set([...REQUIRED, ":authority"]);

/** Octets no name may have: controls, space, upper case, DEL and above, and any ":". */
const BAD_NAME = /[\0-\x20A-Z\x7f-\xff:]/;
/** Octets no value may have. Spaces around one are let pass: see {@linkcode requestFault}. */
const BAD_VALUE = /[\0\r\n]/;

/** A status that HTTP/2 may carry: 101 is none (RFC 9113 section 8.6). */
const STATUS = /^(?!101)[1-5]\d\d$/;

/** A number of bytes that a double can count. */
const LENGTH = /^\d{1,15}$/;

/**
 * Says what makes a request malformed, or `undefined` (RFC 9113 section 8.3).
 *
 * Spaces around a value are accepted against section 8.2.1: a file's name is
 * sent as a value by BuildKit and may begin with one, and behind us there is
 * no further hop that could read it differently.
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
 * Says what makes a response's head malformed, or `undefined` (RFC 9113
 * section 8.3.2). Of the status nothing is asked but that it is one.
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

/** Says what makes trailers malformed, or `undefined` (RFC 9113 section 8.1). */
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

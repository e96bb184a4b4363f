/** One request of a connection, as a second reader takes it. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  /** Values by name in lower case; of a name that stands twice the last. */
  readonly headers: ReadonlyMap<string, string>;
  /** All of the body that is there. */
  readonly body: string;
  /**
   * Whether it is all there; `broken` where no more of it can come, `ambiguous`
   * where the head does not tell how long it is.
   */
  readonly state: "whole" | "cut" | "broken" | "ambiguous";
}

/**
 * The requests in the bytes of a connection (as latin1), in the plainest way and
 * with nothing of the gateway's: up to the first that does not end there, or
 * can't be told from the next.
 */
export function parseRequests(text: string): ParsedRequest[] {
  const requests: ParsedRequest[] = [];
  for (let at = 0;;) {
    // Behind a body some clients send a line end more.
    if (text.startsWith("\r\n", at)) at += 2;
    const end = text.indexOf("\r\n\r\n", at);
    if (end === -1) return requests;
    const [line = "", ...fields] = text.slice(at, end).split("\r\n");
    const [method = "", target = ""] = line.split(" ");
    const headers = new Map(fields.map((field) => {
      const colon = field.indexOf(":");
      return [
        field.slice(0, colon).toLowerCase(),
        field.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ""),
      ];
    }));
    const coding = headers.get("transfer-encoding");
    const body = coding !== undefined
      ? parseChunks(text, end + 4)
      : parseLength(text, end + 4, headers.get("content-length") ?? "0");
    const isAmbiguous = hasTwoLengths(fields) ||
      (coding !== undefined && coding.toLowerCase() !== "chunked");
    requests.push({
      method,
      target,
      headers,
      body: body.text,
      state: isAmbiguous ? "ambiguous" : body.state,
    });
    if (requests.at(-1)!.state !== "whole") return requests;
    at = body.end;
  }
}

interface ParsedBody {
  readonly text: string;
  readonly state: ParsedRequest["state"];
  readonly end: number;
}

function hasTwoLengths(fields: readonly string[]): boolean {
  return fields.filter((field) =>
    /^\s*(content-length|transfer-encoding)\s*:/i.test(field)
  ).length > 1;
}

function parseLength(text: string, at: number, value: string): ParsedBody {
  const length = /^\d+$/.test(value) ? Number(value) : NaN;
  const body = text.slice(at, at + length);
  const state = Number.isNaN(length)
    ? "ambiguous"
    : body.length < length
    ? "cut"
    : "whole";
  return { text: body, state, end: at + length };
}

function parseChunks(text: string, from: number): ParsedBody {
  let body = "";
  for (let at = from;;) {
    const end = text.indexOf("\r\n", at);
    if (end === -1) return { text: body, state: "cut", end: at };
    const line = text.slice(at, end);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) {
      return { text: body, state: "broken", end: at };
    }
    const size = Number.parseInt(line, 16);
    const chunk = text.slice(end + 2, end + 2 + size);
    at = end + 2 + size;
    const ending = text.slice(at, at + 2);
    if (ending !== "\r\n") {
      const state = "\r\n".startsWith(ending) ? "cut" : "broken";
      return { text: body + chunk, state, end: at };
    }
    body += chunk;
    at += 2;
    if (size === 0) return { text: body, state: "whole", end: at };
  }
}

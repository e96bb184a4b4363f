import { FlagError, UsageError } from "./exit.ts";
import { csvRow } from "./fields.ts";

const IPV4_REGEXP = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** The address that stands for the engine's machine. */
const GATEWAY = "host-gateway";

/**
 * The hosts of one `--add-host`: `host:ip` or `host=ip`, several as CSV, with
 * commas between and quotes where they like; an IPv6 address may stand in
 * brackets.
 *
 * @returns `host:ip` each, as an engine reads them.
 * @throws {FlagError} If it is no CSV.
 * @throws {UsageError} If one is no such pair.
 */
export function parseHosts(word: string): string[] {
  return hostsIn(word).map((text) => {
    // A file of hosts looks at no blanks, so docker gets away with them.
    const pair = text.trimStart();
    const [, host, given = ""] = /^([^:=\s]+)=(\S+)$/.exec(pair) ??
      /^([^:=\s]+):(\S+)$/.exec(pair) ?? [];
    const address = given.replace(/^\[(.*)\]$/, "$1");
    if (host !== undefined && isAddress(address)) return `${host}:${address}`;
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(pair)
      } for "--add-host": expected HOST:IP or HOST:${GATEWAY}`,
    );
  });
}

function hostsIn(word: string): string[] {
  try {
    return csvRow("--add-host", word);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new FlagError(
      `invalid argument ${
        JSON.stringify(word)
      } for "--add-host": ${error.message}`,
    );
  }
}

function isAddress(text: string): boolean {
  if (text === GATEWAY || IPV4_REGEXP.test(text)) return true;
  // A URL's host takes nothing but an IPv6 address in brackets.
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}

import { UsageError } from "./exit.ts";

const IPV4_REGEXP = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** The address that stands for the engine's machine. */
const GATEWAY = "host-gateway";

/**
 * The hosts of one `--add-host`: `host:ip` or `host=ip`, several with commas
 * between; an IPv6 address may stand in brackets.
 *
 * @returns `host:ip` each, as an engine reads them.
 * @throws {UsageError} If one is no such pair.
 */
export function parseHosts(word: string): string[] {
  return word.split(",").filter(Boolean).map((pair) => {
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

function isAddress(text: string): boolean {
  if (text === GATEWAY || IPV4_REGEXP.test(text)) return true;
  // A URL's host takes nothing but an IPv6 address in brackets.
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}

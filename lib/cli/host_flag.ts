import { FlagError, UsageError } from "./exit.ts";
import { csvRow } from "./fields.ts";

const IPV4_REGEXP = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** The word that engines replace by the address of their own machine. */
const GATEWAY = "host-gateway";

/**
 * The hosts of one `--add-host`: `host:ip` or `host=ip`. Several may stand in
 * one value, as CSV; an IPv6 address may stand in brackets.
 *
 * @returns The hosts as `host:ip`, which is what an engine reads.
 * @throws {FlagError} If the value is not CSV.
 * @throws {UsageError} If one entry is not such a pair.
 */
export function parseHosts(word: string): string[] {
  return hostsIn(word).map((text) => {
    // Docker accepts blanks before a host, since they do not matter in
    // /etc/hosts.
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
  // In a URL only an IPv6 address may stand in brackets, so URL checks it.
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}

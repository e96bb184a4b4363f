import { BREAKOUTS } from "../gateway/build_rules.ts";
import type { GatewayListen } from "../gateway/listen.ts";
import { type GatewayGroup, GROUPS } from "../gateway/routes.ts";
import { type GatewayOptions, serveGateway } from "../gateway/gateway.ts";
import { parseBytes } from "./bytes_flag.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";

/** `davit gateway`: serves until it is stopped. */
export async function runGateway(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const host = parsed.text("host");
  const options: GatewayOptions = {
    listen: await listenOf(parsed),
    allow: parsed.list("allow").flatMap((word) => word.split(",")).map(groupOf),
    breakouts: BREAKOUTS.filter((name) => parsed.switched(`allow-${name}`)),
    limits: {
      ...number(parsed, "max-builds", "maxBuilds"),
      ...number(parsed, "grace", "graceMs", 1000),
      ...bodyLimit(parsed),
    },
    signal,
    ...(host === undefined ? {} : { engine: host }),
  };
  const gateway = await serveGateway(options);
  print(`davit gateway: builds at ${gateway.address}`, Deno.stderr);
  await gateway.finished;
  return EXIT_OK;
}

function groupOf(word: string): GatewayGroup {
  const group = GROUPS.find((group) => group === word);
  if (group !== undefined) return group;
  throw new UsageError(
    `invalid argument ${JSON.stringify(word)} for "--allow": expected ${
      GROUPS.join(", ")
    }`,
  );
}

async function listenOf(parsed: ParsedWords): Promise<GatewayListen> {
  const address = parsed.text("listen");
  if (address === undefined) {
    throw new UsageError(
      "--listen is needed, as --listen unix:///run/user/1000/davit.sock",
    );
  }
  const path = /^unix:\/\/(.+)$/.exec(address)?.[1];
  const named = TCP_FLAGS.filter((name) =>
    parsed.text(name) !== undefined || parsed.switched(name)
  );
  if (path !== undefined) {
    if (named.length === 0) return { path };
    throw new UsageError(
      `--${named[0]} is not for a Unix socket: its mode says who may use it`,
    );
  }
  const [, hostname, port] =
    /^tcp:\/\/(?:\[(?=.*\]))?([^\]/]*?)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (hostname === undefined || hostname === "" || port === undefined) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(address)
      } for "--listen": expected unix:///path or tcp://host:port`,
    );
  }
  const at = { hostname, port: Number(port) };
  const tokenFile = parsed.text("token-file");
  const token = tokenFile === undefined
    ? {}
    : { token: (await readFile("token-file", tokenFile)).trim() };
  const [cert, key] = [parsed.text("tls-cert"), parsed.text("tls-key")];
  const clientCa = parsed.text("tls-client-ca");
  if (parsed.switched("plain-loopback")) {
    if (cert ?? key ?? clientCa) {
      throw new UsageError("--plain-loopback and TLS stand against each other");
    }
    return { ...at, plainLoopback: true, ...token };
  }
  if (cert === undefined || key === undefined) {
    throw new UsageError(
      "TCP needs --tls-cert and --tls-key, or --plain-loopback for this machine alone",
    );
  }
  return {
    ...at,
    ...token,
    tls: {
      cert: await readFile("tls-cert", cert),
      key: await readFile("tls-key", key),
      ...(clientCa === undefined
        ? {}
        : { clientCa: await readFile("tls-client-ca", clientCa) }),
    },
  };
}

const TCP_FLAGS = [
  "tls-cert",
  "tls-key",
  "tls-client-ca",
  "token-file",
  "plain-loopback",
];

async function readFile(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--${flag} can't be read: ${why}`);
  }
}

function number(
  parsed: ParsedWords,
  flag: string,
  limit: string,
  factor = 1,
): Record<string, number> {
  const text = parsed.text(flag);
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--${flag}": expected a number`,
    );
  }
  return { [limit]: Number(text) * factor };
}

function bodyLimit(parsed: ParsedWords): { maxBodyBytes?: number } {
  const text = parsed.text("max-body");
  return text === undefined
    ? {}
    : { maxBodyBytes: parseBytes("--max-body", text) };
}

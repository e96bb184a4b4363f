import { BREAKOUTS } from "../gateway/build_rules.ts";
import { defaultListen, type GatewayListen } from "../gateway/listen.ts";
import type { GatewayLimits } from "../gateway/limits.ts";
import { type GatewayGroup, GROUPS } from "../gateway/routes.ts";
import type { GatewayOptions } from "../gateway/gateway.ts";
import { serveGateway } from "../gateway/serve_gateway.ts";
import { parseBytes } from "./bytes_flag.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";

/** Runs `davit gateway`, which serves until it is stopped. */
export async function runGateway(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const options = { ...await gatewayOptions(parsed), signal };
  const gateway = await serveGateway(options);
  print(`davit gateway: builds at ${gateway.address}`, Deno.stderr);
  await gateway.finished;
  return EXIT_OK;
}

/**
 * Reads the flags into the options of the gateway.
 *
 * @throws {UsageError} If a value can't be used, or they do not fit together.
 */
export async function gatewayOptions(
  parsed: ParsedWords,
): Promise<GatewayOptions> {
  const host = parsed.text("host");
  return {
    ...await listenOf(parsed),
    allow: parsed.list("allow").flatMap((word) => word.split(",")).map(groupOf),
    breakouts: BREAKOUTS.filter((name) => parsed.switched(`allow-${name}`)),
    shareSteps: parsed.switched("share-steps"),
    limits: {
      ...count(parsed, "max-builds", "maxBuilds"),
      ...count(parsed, "max-connections", "maxConnections"),
      ...bytes(parsed, "max-body", "maxBodyBytes"),
      ...bytes(parsed, "max-header", "maxHeaderBytes", 1024),
      ...bytes(parsed, "max-secrets", "maxSecretBytes"),
      ...seconds(parsed, "idle", "idleMs"),
      ...seconds(parsed, "timeout", "totalMs"),
      ...seconds(parsed, "grace", "graceMs", 0),
    },
    ...(host === undefined ? {} : { engine: host }),
  };
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

/** The address to listen on; empty where the gateway's default is used. */
async function listenOf(
  parsed: ParsedWords,
): Promise<{ listen?: GatewayListen }> {
  const address = parsed.text("listen");
  if (address !== undefined) {
    return { listen: await parseListen(parsed, address) };
  }
  const flag = TCP_FLAGS.find((name) =>
    parsed.text(name) !== undefined || parsed.switched(name)
  );
  if (flag !== undefined) {
    throw new UsageError(`--${flag} needs --listen tcp://host:port`);
  }
  if (defaultListen() === undefined) {
    throw new UsageError(
      "--listen is needed where XDG_RUNTIME_DIR is not set, as --listen unix:///run/davit.sock",
    );
  }
  return {};
}

async function parseListen(
  parsed: ParsedWords,
  address: string,
): Promise<GatewayListen> {
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
  const [, bracketed, bare, port] =
    /^tcp:\/\/(?:\[([^[\]/]+)\]|([^[\]/]+)):(\d{1,5})$/.exec(address) ?? [];
  const hostname = bracketed ?? bare;
  if (hostname === undefined) {
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

/** The longest time that a timer can have, in seconds. */
const MAX_SECONDS = 2_147_483;

function count(
  parsed: ParsedWords,
  flag: string,
  limit: keyof GatewayLimits,
  least = 1,
  most = 999_999_999,
): Partial<GatewayLimits> {
  const text = parsed.text(flag);
  if (text === undefined) return {};
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--${flag}": expected a number from ${least} to ${most}`,
    );
  }
  return { [limit]: value };
}

function seconds(
  parsed: ParsedWords,
  flag: string,
  limit: keyof GatewayLimits,
  least = 1,
): Partial<GatewayLimits> {
  const { [limit]: value } = count(parsed, flag, limit, least, MAX_SECONDS);
  return value === undefined ? {} : { [limit]: value * 1000 };
}

function bytes(
  parsed: ParsedWords,
  flag: string,
  limit: keyof GatewayLimits,
  least = 1,
): Partial<GatewayLimits> {
  const text = parsed.text(flag);
  if (text === undefined) return {};
  const value = parseBytes(`--${flag}`, text);
  if (value < least) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "--${flag}": expected at least ${least} bytes`,
    );
  }
  return { [limit]: value };
}

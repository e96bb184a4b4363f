// buildkitd's configuration for a container: the file, and the certificates that
// it names, at the places that they will have there.

// @ts-types="../std/toml.d.ts"
import { parse } from "@std/toml/parse";
// @ts-types="../std/toml.d.ts"
import { stringify } from "@std/toml/stringify";
import { isPlainObject } from "../plain_object.ts";
import { BuilderError } from "./builder_error.ts";

/** The name of the file in a container, and the folder that it is in. */
const FILE = "buildkitd.toml";
const FOLDER = "/etc/buildkit";

/** The right to use the machine's network. */
const HOST_ENTITLEMENT = "network.host";

/** A configuration that was read. */
export interface ConfigFiles {
  /** The files, by their paths below `/etc/buildkit`. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Whether it lets builds use the machine's network. */
  readonly filesAllowHost: boolean;
}

/**
 * Reads a configuration of buildkitd.
 *
 * @throws {BuilderError} If it, or a file that it names, can't be read. What they
 * hold is not quoted.
 */
export async function readConfig(path: string): Promise<ConfigFiles> {
  const bytes = await read(path);
  let config: Record<string, unknown>;
  try {
    config = parse(new TextDecoder().decode(bytes));
  } catch {
    throw failure(path, "it is no TOML");
  }
  const files: Record<string, Uint8Array> = {};
  const { registry, "insecure-entitlements": rights } = config;
  if (isPlainObject(registry)) {
    for (const [host, settings] of Object.entries(registry)) {
      await takeCertificates(host, settings, files);
    }
  }
  const isChanged = Object.keys(files).length > 0;
  files[FILE] = isChanged ? new TextEncoder().encode(stringify(config)) : bytes;
  return {
    files,
    filesAllowHost: Array.isArray(rights) && rights.includes(HOST_ENTITLEMENT),
  };
}

/** Takes the certificates of a registry, and writes their new paths in its settings. */
async function takeCertificates(
  host: string,
  settings: unknown,
  files: Record<string, Uint8Array>,
): Promise<void> {
  if (!isPlainObject(settings)) return;
  const folder = `certs/${host.replace(/[^a-zA-Z0-9.-]+/g, "_")}`;
  const take = async (path: string) => {
    const name = path.replace(/^.*\//, "");
    let place = `${folder}/${name}`;
    // Files of other folders may have the same name.
    for (let i = 2; Object.hasOwn(files, place); i++) {
      place = `${folder}/${i}-${name}`;
    }
    files[place] = await read(path);
    return `${FOLDER}/${place}`;
  };
  const fields = settings as Record<string, unknown>;
  if (Array.isArray(fields.ca)) {
    const places: string[] = [];
    for (const path of fields.ca) places.push(await take(String(path)));
    fields.ca = places;
  }
  const pairs = Array.isArray(fields.keypair) ? fields.keypair : [];
  for (const pair of pairs) {
    for (const name of ["key", "cert"]) {
      if (typeof pair[name] === "string" && pair[name] !== "") {
        pair[name] = await take(pair[name]);
      }
    }
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw failure(path, cause.message, cause);
  }
}

function failure(path: string, why: string, cause?: Error): BuilderError {
  return new BuilderError(
    "",
    `Cannot use buildkitd's configuration "${path}": ${why}`,
    cause === undefined ? {} : { cause },
  );
}

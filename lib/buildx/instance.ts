// A builder's file: `instances/NAME` in buildx's folder, JSON as Go writes it
// (buildx, `store.NodeGroup`).

// @ts-types="../std/base64.d.ts"
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { isPlainObject } from "../plain_object.ts";
import type { Platform } from "../platforms/platform.ts";
import { BuilderError } from "./builder_error.ts";
import { isBuilderName } from "./name.ts";
import { goJson, sortedObject } from "../gotext/json.ts";

/** A builder: one BuildKit daemon, or several that build as one. */
export interface BuildxInstance {
  /** Its name. */
  readonly name: string;
  /** How its daemons are reached: `docker-container`, `remote`, … */
  readonly driver: string;
  /** Its daemons. */
  readonly nodes: readonly BuildxNode[];
  /** Whether a cluster decides which nodes there are. */
  readonly dynamic: boolean;
}

/** A daemon of a builder. */
export interface BuildxNode {
  /** Its name, which no other node of the builder has. */
  readonly name: string;
  /**
   * The docker context or the address of the engine that the daemon runs on; with
   * the driver `remote`, the daemon's own address.
   */
  readonly endpoint: string;
  /** The platforms that the user named for it; undefined where the file has none. */
  readonly platforms: readonly Platform[] | undefined;
  /** Options of the driver. */
  readonly driverOpts: Readonly<Record<string, string>> | undefined;
  /** Flags of buildkitd. */
  readonly flags: readonly string[] | undefined;
  /** Files of buildkitd's configuration, by their paths below `/etc/buildkit`. */
  readonly files: Readonly<Record<string, Uint8Array>> | undefined;
}

/**
 * Reads a builder's file. Names that Go takes for the same, whatever their case,
 * are not looked for: buildx writes one spelling.
 *
 * @param name Of the builder, by which its file was found.
 * @param path Of the file, for errors.
 * @throws {BuilderError} If it is no JSON, a field has another type, or its name
 * is that of another builder. The error
 * does not quote the file: options of a driver may hold a password.
 */
export function readInstance(
  name: string,
  text: string,
  path: string,
): BuildxInstance {
  const broken = (why: string) =>
    new BuilderError(
      name,
      `Cannot use builder "${name}": "${path}" ${why}; "davit builder rm ${name}" removes it`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken("is not JSON");
  }
  const fields = new Fields("", value, broken);
  const nodes = fields.list("Nodes", (node, at) => readNode(at, node, broken));
  if (nodes === undefined || nodes.length === 0) throw broken("has no nodes");
  const own = fields.text("Name") || name;
  // Other files are named by it: one of another name is not this builder's, and
  // one with "../" would reach out of the folder.
  if (own.toLowerCase() !== name.toLowerCase()) {
    throw broken("has the Name of another builder");
  }
  return {
    name: own,
    driver: fields.text("Driver"),
    nodes,
    dynamic: fields.flag("Dynamic"),
  };
}

function readNode(
  at: string,
  value: unknown,
  broken: (why: string) => BuilderError,
): BuildxNode {
  const fields = new Fields(at, value, broken);
  const text = (value: unknown, at: string): string => {
    if (typeof value === "string") return value;
    throw broken(`has ${at} that is no text`);
  };
  const name = fields.text("Name");
  if (name !== "" && !isBuilderName(name)) {
    throw broken(`has ${at}.Name that no node can have`);
  }
  const endpoint = fields.text("Endpoint");
  // They would reach the terminal.
  if (/\p{Cc}/u.test(endpoint)) {
    throw broken(`has ${at}.Endpoint with control characters`);
  }
  if (hasPassword(endpoint)) {
    throw broken(`has ${at}.Endpoint with a password, which nothing can use`);
  }
  return {
    name,
    endpoint,
    platforms: fields.list("Platforms", (platform, at) => {
      const { os, architecture, variant } = Object(platform);
      if (typeof os === "string" && typeof architecture === "string") {
        return {
          os,
          architecture,
          ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
        };
      }
      throw broken(`has ${at} that is no platform`);
    }),
    driverOpts: fields.map("DriverOpts", text),
    flags: fields.list("Flags", text),
    files: fields.map("Files", (value, at) => {
      try {
        return decodeBase64(text(value, at));
      } catch {
        throw broken(`has ${at} that is no base64`);
      }
    }),
  };
}

const PASSWORD_REGEXP = /^(?:https?|ssh|tcp):\/\/[^/@]*:[^/]*@/i;

/** Whether an address has a password in it, which would end up in lists and logs. */
export function hasPassword(endpoint: string): boolean {
  return PASSWORD_REGEXP.test(endpoint);
}

/** The fields of an object of the file; those that are `null` count as not there. */
class Fields {
  readonly #at: string;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #broken: (why: string) => BuilderError;

  constructor(
    at: string,
    value: unknown,
    broken: (why: string) => BuilderError,
  ) {
    if (!isPlainObject(value)) {
      throw broken(at === "" ? "is no object" : `has ${at} that is no object`);
    }
    this.#at = at === "" ? "" : `${at}.`;
    this.#value = value as Readonly<Record<string, unknown>>;
    this.#broken = broken;
  }

  text(name: string): string {
    const value = this.#value[name] ?? "";
    if (typeof value === "string") return value;
    throw this.#broken(`has ${this.#at}${name} that is no text`);
  }

  flag(name: string): boolean {
    const value = this.#value[name] ?? false;
    if (typeof value === "boolean") return value;
    throw this.#broken(`has ${this.#at}${name} that is neither true nor false`);
  }

  list<T>(
    name: string,
    read: (value: unknown, at: string) => T,
  ): T[] | undefined {
    const value = this.#value[name] ?? undefined;
    if (value === undefined) return undefined;
    const at = `${this.#at}${name}`;
    if (!Array.isArray(value)) throw this.#broken(`has ${at} that is no list`);
    return value.map((item, index) => read(item, `${at}[${index}]`));
  }

  map<T>(
    name: string,
    read: (value: unknown, at: string) => T,
  ): Record<string, T> | undefined {
    const value = this.#value[name] ?? undefined;
    if (value === undefined) return undefined;
    const at = `${this.#at}${name}`;
    if (!isPlainObject(value)) {
      throw this.#broken(`has ${at} that is no object`);
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        read(item, `${at}.${key}`),
      ]),
    );
  }
}

/** The text of a builder's file, in the bytes that buildx writes. */
export function instanceText(instance: BuildxInstance): string {
  return goJson({
    Name: instance.name,
    Driver: instance.driver,
    Nodes: instance.nodes.map((node) => ({
      Name: node.name,
      Endpoint: node.endpoint,
      Platforms: node.platforms?.map(({ architecture, os, variant }) => ({
        architecture,
        os,
        ...(variant === undefined ? {} : { variant }),
      })) ?? null,
      DriverOpts: sorted(node.driverOpts),
      Flags: node.flags ?? null,
      Files: sorted(
        node.files && Object.fromEntries(
          Object.entries(node.files).map(([path, bytes]) => [
            path,
            encodeBase64(bytes),
          ]),
        ),
      ),
    })),
    Dynamic: instance.dynamic,
  });
}

function sorted(
  map: Readonly<Record<string, string>> | undefined,
): Record<string, string> | null {
  return map === undefined
    ? null
    : sortedObject(new Map(Object.entries(map))) ?? {};
}

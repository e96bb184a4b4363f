// @ts-types="../std/base64.d.ts"
import { decodeBase64 } from "@std/encoding/base64";
import type { AuthConfig } from "./auth_config.ts";

/**
 * The fields of a login that are used; clients send others, which are ignored.
 */
const FIELDS = [
  "auth",
  "username",
  "password",
  "identitytoken",
  "registrytoken",
] as const;

/**
 * Reads `X-Registry-Config`: base64, in either alphabet, of a JSON object of
 * registries to logins, as docker's clients send it.
 *
 * @throws {TypeError} If it has another form. The message quotes nothing of it.
 */
export function decodeRegistryConfig(
  header: string,
): Record<string, AuthConfig> {
  const logins = parse(header);
  if (!isObject(logins)) throw unreadable();
  return Object.fromEntries(
    Object.entries(logins).map(([registry, login]) => {
      if (!isObject(login)) throw unreadable();
      const fields = FIELDS.flatMap((name) => {
        const value = login[name];
        if (value === undefined || value === null || value === "") return [];
        if (typeof value !== "string") throw unreadable();
        return [[name, value]];
      });
      return [registry, Object.fromEntries(fields)];
    }),
  );
}

function parse(header: string): unknown {
  try {
    const standard = header.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = decodeBase64(standard);
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's error is not kept: its message may quote a part of a
    // password.
    throw unreadable();
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(): TypeError {
  return new TypeError(
    "The X-Registry-Config header was not taken: it is not base64 of a JSON object of logins",
  );
}

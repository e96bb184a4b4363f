// What an engine remembers of a build is shown to people, printed in logs and
// given away in files: logins of addresses, and what opens a cache, are no part
// of that. BuildKit itself leaves both out of a provenance.

import type { HistoryRecordMessage } from "../proto/history.ts";
import { goJson } from "../gotext/json.ts";

/** In place of each part of a login, in BuildKit's letters (`urlutil`). */
const HIDDEN = "xxxxx";
/** A user's name alone may be a token, which is longer than a name such as `git`. */
const MIN_TOKEN_LENGTH = 16;
const LOGIN_REGEXP =
  /\b((?:https?|git|ssh|ftp):\/\/)([^\s/?#@:"'\\]*)(:[^\s/"'\\]*)?@/gi;

/** A text without the logins of the addresses in it. */
export function withoutLogins(text: string): string {
  return text.replace(
    LOGIN_REGEXP,
    (whole, scheme: string, user: string, password: string | undefined) =>
      password !== undefined
        ? `${scheme}${HIDDEN}:${HIDDEN}@`
        : user.length < MIN_TOKEN_LENGTH
        ? whole
        : `${scheme}${HIDDEN}@`,
  );
}

/** A record without logins in its addresses, and without keys to caches. */
export function withoutKeys(
  record: HistoryRecordMessage,
): HistoryRecordMessage {
  const { error, exporters } = record;
  return {
    ...record,
    frontendAttrs: mapped(record.frontendAttrs),
    exporters: exporters.map((each) => ({
      ...each,
      attrs: mapped(each.attrs),
    })),
    error: error && { ...error, message: withoutLogins(error.message) },
  };
}

function mapped(attrs: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...attrs].map(([name, value]) => [
    name,
    withoutLogins(name === "cache-imports" ? withoutImportKeys(value) : value),
  ]));
}

/** Attributes of a cache to import that are no keys to it. */
const HARMLESS: readonly string[] = ["ref", "scope"];

/** Of `cache-imports` buildx gives away only what names the cache, too. */
function withoutImportKeys(text: string): string {
  let imports: unknown;
  try {
    imports = JSON.parse(text);
  } catch {
    return ""; // what can't be read may hold anything
  }
  if (!Array.isArray(imports)) return "";
  return goJson(imports.map((one) => ({
    Type: String(one?.Type ?? ""),
    Attrs: Object.fromEntries(
      Object.entries(one?.Attrs ?? {}).filter(([name]) =>
        HARMLESS.includes(name)
      ).sort(([a], [b]) => a < b ? -1 : 1),
    ),
  })));
}

import { withoutLogins } from "./without_keys.ts";

/** Words of a command line behind which a key may stand, as buildx knows them. */
const KEYS_REGEXP =
  /(ghtoken|token|access_key_id|secret_access_key|session_token)=[^ ,]+/gi;
/** GitHub's tokens. */
const GITHUB_REGEXP = /(?:ghu|ghs)_[A-Za-z0-9]{36}|github_pat_\w{82}/g;

/** A text of a trace without what looks like a key to something. */
function withoutTokens(text: string): string {
  return text.replace(KEYS_REGEXP, "$1=xxxxx")
    .replace(GITHUB_REGEXP, "xxxxx");
}

/**
 * A trace as it may be given away: tokens in the attributes of its spans, such
 * as those of a cache in GitHub's store, are replaced as buildx does, and so are
 * logins in addresses.
 *
 * @param text The trace: spans in JSON, one behind the other.
 * @throws {SyntaxError} If it is no such text.
 */
export function cleanTrace(text: string): string {
  // Each span is indented, so that only its last line is a brace alone.
  const spans = text.split(/(?<=^\})\n/m).filter((span) => span.trim() !== "");
  return spans.map((span) => {
    const value = JSON.parse(withoutLogins(span));
    for (const attribute of listOf(value?.Attributes)) {
      const content = attribute?.Value;
      if (typeof content?.Value === "string" && content.Type === "STRING") {
        content.Value = withoutTokens(content.Value);
      }
    }
    return `${JSON.stringify(value, undefined, 2)}\n`;
  }).join("");
}

// deno-lint-ignore no-explicit-any -- a span's fields are checked where they are read
function listOf(value: unknown): any[] {
  return Array.isArray(value) ? value : [];
}

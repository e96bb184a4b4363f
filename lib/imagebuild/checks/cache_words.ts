// Caches in buildx's words, as its flags take them: `type=registry,ref=a:1`, one
// line of CSV, or plain names of images.

// @ts-types="../../std/csv.d.ts"
import { parse } from "@std/csv/parse";
import { advised } from "../../advice.ts";

/** The option that the words are for. */
export type CacheOption = "cachefrom" | "cacheto";

/** A cache in words: its kind, and its attributes by BuildKit's names. */
export interface CacheWords {
  /** Undefined where no kind is named. */
  readonly type: string | undefined;
  /** The attributes, not checked. */
  readonly attrs: Readonly<Record<string, string>>;
}

/**
 * Reads one text, which may hold several names with commas between them.
 *
 * @throws {TypeError} If the text has another form. The message does not repeat
 * it, because it may hold a token.
 */
export function readCacheWords(
  option: CacheOption,
  text: string,
): readonly CacheWords[] {
  const fields = csvFields(option, text);
  if (!text.includes("=")) {
    return fields.map((ref) => ({ type: "registry", attrs: { ref } }));
  }
  const attrs = fields.map((field): [string, string] => {
    const cut = field.indexOf("=");
    if (cut < 1) {
      throw cacheError(
        option,
        ": expected fields as key=value with commas between, such as type=registry,ref=IMAGE",
      );
    }
    return [field.slice(0, cut).toLowerCase(), field.slice(cut + 1)];
  });
  const { type, ...others } = Object.fromEntries(attrs);
  return [{ type, attrs: others }];
}

/** The error for a cache that can't be used; the command names its flag. */
export function cacheError(option: CacheOption, why: string): TypeError {
  return advised((message) => new TypeError(message), "option", why, option);
}

function csvFields(option: CacheOption, text: string): string[] {
  let rows: string[][];
  try {
    rows = parse(text);
  } catch {
    throw cacheError(option, ": the quotes do not fit together");
  }
  if (rows.length > 1) throw cacheError(option, ": expected one line");
  return rows[0] ?? [];
}

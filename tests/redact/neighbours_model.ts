/** What is known of the bytes of patterns, and what it says of a place: with plain strings, and no care for time. */

import { cutBlocks, isPlainRun, LIMITS } from "../../lib/redact/blocks.ts";
import { INTRODUCERS } from "../../lib/redact/introducers.ts";
import {
  addTriple,
  emptyTriples,
  hasTriple,
} from "../../lib/redact/triples.ts";

/** Patterns, each character a byte. */
export class Model {
  readonly patterns: readonly string[];
  /** Where patterns begin that are looked for, and where what is told of them ends. */
  readonly heads: readonly string[];
  readonly lasts: ReadonlySet<string>;
  readonly triples: Uint8Array = emptyTriples();
  readonly shortest: number;

  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
    const heads: string[] = [];
    const lasts = new Set<string>();
    for (const pattern of patterns) {
      lasts.add(pattern.at(-1)!);
      if (pattern.length < 64) heads.push(pattern);
      const bytes = Uint8Array.from(pattern, (char) => char.charCodeAt(0));
      for (const block of cutBlocks(bytes, { ...LIMITS, blocks: 8192 })) {
        const { start } = block;
        if (start > 0 && isPlainRun(bytes, block, 6)) continue;
        heads.push(pattern.slice(start, start + 32));
        lasts.add(pattern[start + 63]!);
        if (start > 0) lasts.add(pattern[start - 1]!);
      }
      for (let i = 0; i + 2 < bytes.length; i++) {
        addTriple(this.triples, bytes[i]!, bytes[i + 1]!, bytes[i + 2]!);
      }
    }
    this.heads = heads;
    this.lasts = lasts;
    this.shortest = Math.min(64, ...patterns.map(({ length }) => length));
  }

  has(text: string): boolean {
    return this.patterns.some((pattern) => pattern.includes(text));
  }

  /** Whether it stands in a pattern before another byte. */
  isBefore(char: string): boolean {
    return this.patterns.some((pattern) => pattern.slice(0, -1).includes(char));
  }

  begins(text: string): boolean {
    return this.heads.some((head) => head.startsWith(text));
  }

  ends(char: string): boolean {
    return this.lasts.has(char);
  }

  /** Three side by side; now and then it says yes of others. */
  hasThree(text: string): boolean {
    const [a, b, c] = [0, 1, 2].map((i) => text.charCodeAt(i));
    return hasTriple(this.triples, a!, b!, c!);
  }

  /** Whether a byte may stand in a value that is written with escapes, behind another. */
  isOutside(before: string, char: string): boolean {
    const code = char.charCodeAt(0);
    const isText = /[\n\r -~]/.test(char) || this.has(char) ||
      isIntroducer(char) || this.has(String.fromCharCode(code | 0x80));
    if (isText) return false;
    if (code < 0x80 || code >= 0xc0) return true;
    return before !== "" && !"\xc2\xd8\xe2\x80\x81".includes(before);
  }
}

export const isIntroducer = (char: string): boolean =>
  INTRODUCERS.includes(char.charCodeAt(0));

export const isQuoting = (char: string): boolean => "'\"$".includes(char);

/** One that displays take out, by itself. */
const isControl = (char: string) =>
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/.test(char);

const isSign = (char: string) =>
  isControl(char) || "\x1b\xc2\xd8\xe2".includes(char);

export const beginsString = (text: string): boolean =>
  // deno-lint-ignore no-control-regex
  /^(\x1b[PX\]^_]|\xc2[\x90\x98\x9d\x9e\x9f])/.test(text);

/** Whether an introducer may begin an escape before this byte. */
export function goesOn(model: Model, sign: string, next: string): boolean {
  const isHigh = () => {
    if (!/[0-9a-f]/i.test(next)) return false;
    const high = parseInt(next, 16);
    const codes = Array.from({ length: 16 }, (_, low) => high << 4 | low);
    return codes.some((code) =>
      model.has(String.fromCharCode(code)) ||
      code >= 0x80 && model.has(code < 0xc0 ? "\xc2" : "\xc3")
    );
  };
  if (sign === "\xc2") return /[\x80-\x9f]/.test(next);
  if (sign === "\xd8") return next === "\x9c";
  if (sign === "\xe2") return /[\x80\x81]/.test(next);
  if (sign === "\x1b" && /[ -~]/.test(next)) return true;
  if (isSign(sign)) {
    return isIntroducer(next) ||
      model.patterns.some((pattern) => pattern.slice(1).includes(next));
  }
  switch (sign) {
    case "%":
      return /[u%&\\25]/.test(next) || isHigh();
    case "=":
      return /[\r\n]/.test(next) || isHigh();
    case "&":
      return /[#0-9A-Za-z%&\\]/.test(next);
    case "\\":
      return /[0-9A-Za-z\r\n]/.test(next) || model.has(next) ||
        isIntroducer(next);
    case "+":
      return model.ends(" ") || isIntroducer(next) || model.has(` ${next}`);
    case "M":
      return next === "-";
  }
  return true;
}

/** Whether an introducer may begin a value's first escape behind this byte. */
export function follows(model: Model, left: string, sign: string): boolean {
  if (isQuoting(left)) return true;
  if (isSign(sign)) return model.isBefore(left);
  if (sign === "+") return model.begins(" ") || model.has(`${left} `);
  return true;
}

/** Whether a control character is surely not between two characters of a value. */
function isNoControl(model: Model, text: string, at: number): boolean {
  if (at === 0 || isQuoting(text[at - 1]!)) return false;
  const left = text[at - 1]!;
  if (!model.isBefore(left)) return true;
  /** The one before, where it is a value's if `left` is. */
  const more = at > 1 && !isQuoting(text[at - 2]!) ? text[at - 2]! : "";
  const isKnown = more !== "" && !model.begins(left);
  if (isKnown && !model.has(more + left)) return true;
  let right = at;
  const isFiller = (char: string) => isControl(char) && !model.has(char);
  while (isFiller(text[right] ?? "")) right++;
  // No value is looked for across more than 64.
  if (Math.min(right, at + 65) === text.length) return false;
  if (right - at > 64) return true;
  const next = text[right]!;
  if (right === at || isIntroducer(next)) return false;
  if (!model.has(left + next)) return true;
  if (
    more !== "" && !model.begins(left + next) &&
    !model.hasThree(more + left + next)
  ) return true;
  if (model.ends(next)) return false;
  const rest = text.slice(right + 1);
  const third = rest !== "" && isFiller(rest[0]!) ? rest[1] : rest[0];
  return third !== undefined && !isIntroducer(third) &&
    !model.hasThree(left + next + third);
}

/** Whether two digits of hex are surely no byte of a value. */
function isNoByte(model: Model, text: string, at: number): boolean {
  const digits = /^[0-9a-f]{2}/i.exec(text.slice(at + 1))?.[0];
  const right = text[at + 3];
  if (at === 0 || right === undefined || digits === undefined) return false;
  const code = parseInt(digits, 16);
  const char = String.fromCharCode(code);
  if (code >= 0x80) {
    return !model.has(char) && !model.has(code < 0xc0 ? "\xc2" : "\xc3");
  }
  if (/[%&\\]/.test(char)) return false;
  if (!model.has(char)) return true;
  const left = text[at - 1]!;
  const isOpen = isIntroducer(right);
  if (isOpen ? model.begins(char) : model.begins(char + right)) return false;
  if (!isQuoting(left) && !model.has(left + char)) return true;
  return !isOpen && !model.ends(char) && !model.has(char + right);
}

/** Whether the shortest pattern has room there. */
function hasRoom(model: Model, text: string, at: number): boolean {
  let missing = Math.min(model.shortest, 16);
  let left = at;
  while (
    missing > 0 && left > 0 &&
    (model.isBefore(text[left - 1]!) || isQuoting(text[left - 1]!))
  ) {
    left--;
    missing--;
  }
  for (let right = at; missing > 0; right++, missing--) {
    if (right === text.length) return true;
    if (model.isOutside(text[right - 1] ?? "", text[right]!)) return false;
    if (right + 1 === text.length) return true;
    if (beginsString(text.slice(right))) return true;
  }
  return true;
}

/** Whether what stands there is surely not the first escape of a value. */
export function isNoEscape(model: Model, text: string, at: number): boolean {
  const sign = text[at]!;
  if (isSign(sign) && isNoControl(model, text, at)) return true;
  if (/[=%]/.test(sign) && isNoByte(model, text, at)) return true;
  return !hasRoom(model, text, at);
}

/** A character that is plain, and whether it is one: an introducer may be anything. */
const plain = (char: string | undefined) =>
  char === undefined || isIntroducer(char) ? "" : char;

/** Whether a value may begin there, plainly. */
export function mayBegin(model: Model, text: string, at: number): boolean {
  const first = text[at]!;
  const next = plain(text[at + 1]);
  if (!model.begins(first + next)) return false;
  const more = plain(text[at + 2]);
  return next === "" || more === "" || model.hasThree(first + next + more);
}

/**
 * Whether an escape may be the first of a value.
 *
 * @param done No value began before.
 * @param said What it writes; more than one byte tells nothing of what follows.
 */
export function mayWrite(
  model: Model,
  text: string,
  at: number,
  done: number,
  said: string,
  length: number,
): boolean {
  const behind = said.length > 1 ? "" : text.slice(at + length);
  const char = said.slice(0, 1);
  const right = plain(behind[0]);
  const more = right === "" ? "" : plain(behind[1]);
  // As the first character of a value.
  if (char !== "" && model.begins(char + right)) {
    if (right === "" || more === "") return true;
    if (model.hasThree(char + right + more)) return true;
  }
  if (at <= done) return false;
  const left = text[at - 1]!;
  if (isQuoting(left)) return true;
  if (!model.isBefore(left)) return false;
  const next = char === "" ? right : char;
  if (next === "") return true;
  if (!model.has(left + next)) return false;
  const before = at - 1 > done ? text[at - 2]! : "";
  if (
    before !== "" && !isQuoting(before) && !model.begins(left + next) &&
    !model.hasThree(before + left + next)
  ) return false;
  const after = char === "" ? more : right;
  return after === "" || model.ends(next) ||
    model.hasThree(left + next + after);
}

/** Whether an escape is looked for at a place. */
export function isSought(model: Model, text: string, at: number): boolean {
  const char = text[at]!;
  if (at > 0 && !follows(model, text[at - 1]!, char)) return false;
  if (at + 1 < text.length && !goesOn(model, char, text[at + 1]!)) return false;
  return !isNoEscape(model, text, at);
}

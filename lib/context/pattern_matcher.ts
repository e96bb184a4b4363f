/** Provisional: replaced by the real matcher at once. */
export interface MatchState {
  readonly matched: boolean;
}
const YES: MatchState = { matched: true };
const NO: MatchState = { matched: false };
function toRegExp(p: string): RegExp {
  let out = "^";
  for (let i = 0; i < p.length; i++) {
    const c = p[i]!;
    if (c === "*" && p[i + 1] === "*") {
      i++;
      if (p[i + 1] === "/") {
        i++;
        out += "(.*/)?";
      } else out += ".*";
    } else if (c === "*") out += "[^/]*";
    else if (c === "?") out += "[^/]";
    else if (c === "\\") out += "\\" + (p[++i] ?? "\\");
    else if (/[.+()|{}$^]/.test(c)) out += "\\" + c;
    else out += c;
  }
  return new RegExp(out + "$", "s");
}
export class PatternMatcher {
  readonly root: MatchState = NO;
  readonly #patterns: { negated: boolean; regexp: RegExp; text: string }[];
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((p) => {
      const negated = p.startsWith("!");
      const text = negated ? p.slice(1) : p;
      return { negated, regexp: toRegExp(text), text };
    });
  }
  step(path: string, _parent: MatchState): MatchState {
    let matched = false;
    const parts = path.split("/");
    for (const { negated, regexp } of this.#patterns) {
      for (let n = 1; n <= parts.length; n++) {
        if (regexp.test(parts.slice(0, n).join("/"))) {
          matched = !negated;
          break;
        }
      }
    }
    return matched ? YES : NO;
  }
  canExceptionMatchBelow(dir: string): boolean {
    return this.#patterns.some((p) =>
      p.negated && (/[*?[\\]/.test(p.text) || p.text.startsWith(`${dir}/`))
    );
  }
  canMatchBelow(dir: string): boolean {
    return this.#patterns.some((p) =>
      !p.negated && (/[*?[\\]/.test(p.text) || p.text.startsWith(`${dir}/`))
    );
  }
}

/** A range of lines, counted from 1; both ends are included. */
export interface LineRange {
  /** First line. */
  readonly start: number;
  /** Last line. */
  readonly end: number;
}

/** An instruction of a Dockerfile, with its place. */
export interface Instruction extends LineRange {
  /** The keyword, in upper case. */
  readonly keyword: string;
  /**
   * The whole instruction on one line: continued lines are joined; comments and
   * here-documents are left out.
   */
  readonly text: string;
  /** Whether here-documents follow it. */
  readonly heredoc: boolean;
}

const DIRECTIVE_REGEXP = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const COMMENT_REGEXP = /^\s*#/;
const HEREDOC_REGEXP = /(?:^|\s)\d*<<(-?)(?:"([^"<\s]+)"|'([^'<\s]+)'|(\w+))/g;
const WITH_HEREDOC_REGEXP = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;

/** Splits a text into lines; they may end in LF or CR LF. */
export function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/);
}

/**
 * Reads the instructions of a Dockerfile. Never throws, even if the Dockerfile
 * has mistakes.
 */
export function readInstructions(dockerfile: string): Instruction[] {
  const lines = linesOf(dockerfile);
  const continued = continuation(escapeOf(lines));
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length;) {
    const first = lines[at]!;
    if (COMMENT_REGEXP.test(first)) {
      at++;
      continue;
    }
    const start = at;
    let text = "";
    let end = at;
    for (let open = true; open && at < lines.length; at++) {
      const line = lines[at]!;
      // An instruction goes on after comments and blank lines between its
      // lines.
      if (at > start && (COMMENT_REGEXP.test(line) || line.trim() === "")) {
        continue;
      }
      open = continued.test(line);
      text += open ? line.replace(continued, "$1") : line;
      end = at;
    }
    const after = skipHeredocs(lines, at, text);
    const heredoc = after > at;
    if (heredoc) {
      at = after;
      end = after - 1;
    }
    text = text.trim();
    const keyword = /^\S+/.exec(text)?.[0].toUpperCase();
    if (keyword === undefined) continue;
    instructions.push({
      keyword,
      text,
      heredoc,
      start: start + 1,
      end: end + 1,
    });
  }
  return instructions;
}

/**
 * The directive `syntax=`: only a `#!` line and other directives may stand
 * before it; it begins with `#`, or with `//` in files of other languages.
 */
const SYNTAX_REGEXP =
  /^(?:#!.*\r?\n)?(?:(?:#|\/\/)[ \t]*\w+[ \t]*=.*\r?\n)*?(?:#|\/\/)[ \t]*syntax[ \t]*=[ \t]*(\S+)/i;

/**
 * The frontend's image that `# syntax=` names; undefined without one. Also
 * reads the forms for files that are not Dockerfiles: `//` comments, and JSON.
 */
export function syntaxOf(dockerfile: string): string | undefined {
  const text = dockerfile.replace(/^\ufeff/, "");
  const named = SYNTAX_REGEXP.exec(text)?.[1];
  if (named !== undefined) return named;
  try {
    const { syntax } = JSON.parse(text);
    return typeof syntax === "string" ? syntax : undefined;
  } catch {
    return undefined; // no JSON, to which no builder looks for it either
  }
}

/** The escape character; the directive `escape=` at the top may change it. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const directive = DIRECTIVE_REGEXP.exec(line);
    if (directive === null) break;
    if (directive[1]!.toLowerCase() === "escape" && directive[2] === "`") {
      return "`";
    }
  }
  return "\\";
}

/**
 * Matches the end of a line that continues on the next one; a doubled escape
 * character does not continue it.
 */
function continuation(escape: string): RegExp {
  const e = escape === "\\" ? "\\\\" : escape;
  return new RegExp(`(^|[^${e}])${e}[ \\t]*$`);
}

/**
 * Whether an instruction starts here-documents, whether or not these have an
 * end.
 */
export function opensHeredoc(text: string): boolean {
  return WITH_HEREDOC_REGEXP.test(text) && text.match(HEREDOC_REGEXP) !== null;
}

/**
 * Index of the first line after the here-documents that `text` starts at line
 * `begin`; `begin` itself if one of them has no end.
 */
function skipHeredocs(
  lines: readonly string[],
  begin: number,
  text: string,
): number {
  let at = begin;
  if (!WITH_HEREDOC_REGEXP.test(text.trimStart())) return begin;
  for (const match of text.matchAll(HEREDOC_REGEXP)) {
    const tabs = match[1] === "-";
    const word = match[2] ?? match[3] ?? match[4]!;
    const end = lines.findIndex((line, index) =>
      index >= at && (tabs ? line.replace(/^\t+/, "") : line) === word
    );
    if (end === -1) return begin;
    at = end + 1;
  }
  return at;
}

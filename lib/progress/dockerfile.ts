/** Lines of a file, counted from 1, the last one included. */
export interface LineRange {
  /** First line. */
  readonly start: number;
  /** Last line. */
  readonly end: number;
}

/** An instruction of a Dockerfile, with its place. */
export interface Instruction extends LineRange {
  /** In upper case. */
  readonly keyword: string;
  /** All of it on one line, continuations joined, without comments and here-documents. */
  readonly text: string;
  /** Whether here-documents follow it. */
  readonly heredoc: boolean;
}

const DIRECTIVE_REGEXP = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const COMMENT_REGEXP = /^\s*#/;
const HEREDOC_REGEXP = /(?:^|\s)\d*<<(-?)(?:"([^"<\s]+)"|'([^'<\s]+)'|(\w+))/g;
const WITH_HEREDOC_REGEXP = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;

/** Lines of a text, whatever their ends. */
export function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/);
}

/** Reads the instructions of a Dockerfile; it need not be right, and this never throws. */
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
      // Comments and blank lines between continued lines do not end them.
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

/** Where a line can stand before the directives, and how they begin: `#`, or `//` of other languages. */
const SYNTAX_REGEXP =
  /^(?:#!.*\r?\n)?(?:(?:#|\/\/)[ \t]*\w+[ \t]*=.*\r?\n)*?(?:#|\/\/)[ \t]*syntax[ \t]*=[ \t]*(\S+)/i;

/** The image that `# syntax=` names to read this file, if it does; also in the forms of files that are no Dockerfile. */
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

/** The escape character, which a directive on top may change. */
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

/** Matches the end of a line that goes on; a doubled escape character does not. */
function continuation(escape: string): RegExp {
  const e = escape === "\\" ? "\\\\" : escape;
  return new RegExp(`(^|[^${e}])${e}[ \\t]*$`);
}

/** Whether an instruction begins here-documents, whether they end or not. */
export function opensHeredoc(text: string): boolean {
  return WITH_HEREDOC_REGEXP.test(text) && text.match(HEREDOC_REGEXP) !== null;
}

/** Index of the line behind the here-documents that `text` opens at `begin`; `begin` where one has no end. */
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

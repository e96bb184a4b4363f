/** What becomes of a block of a page when the pages are tried. */
export type Fate =
  /** It is run, and must end well. */
  | { readonly kind: "run" }
  /** It is run, goes on behind this output, and is stopped at the page's end. */
  | { readonly kind: "stop"; readonly at: string }
  /** It is not run, for this reason. */
  | { readonly kind: "skip"; readonly why: string };

/** A fenced block of a page. */
export interface Block {
  /** `PAGE:LINE` of its first line. */
  readonly where: string;
  /** Its language. */
  readonly language: string;
  /** Its text. */
  readonly text: string;
  /** What becomes of it. */
  readonly fate: Fate;
}

/** Languages of programs: such a block is run unless a mark says why not. */
export const PROGRAMS: ReadonlySet<string> = new Set(["sh", "ts"]);

/** Languages of what no program is: output, files. */
const NO_PROGRAMS: ReadonlySet<string> = new Set([
  "dockerfile",
  "json",
  "text",
]);

/**
 * A mark before a block, which a reader of the page does not see:
 * `<!-- not run: REASON -->`, or `<!-- stopped when it prints: TEXT -->`.
 */
const MARK_REGEXP = /^<!-- (not run|stopped when it prints): (\S.*) -->$/;

/**
 * The fenced blocks of a page.
 *
 * @param page Its name, for messages.
 * @throws {SyntaxError} If a block has no language that is known, or a mark has
 * no block behind it or one that needs none.
 */
export function readBlocks(page: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  let mark: RegExpExecArray | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trim();
    const where = `${page}:${at + 1}`;
    if (line.startsWith("<!-- ")) {
      mark = MARK_REGEXP.exec(line) ?? undefined;
      if (mark === undefined) {
        throw new SyntaxError(`${where}: an unknown mark`);
      }
      continue;
    }
    if (!line.startsWith("```")) {
      if (line !== "" && mark !== undefined) {
        throw new SyntaxError(`${where}: a block is missing behind the mark`);
      }
      continue;
    }
    const language = line.slice(3);
    const isProgram = PROGRAMS.has(language);
    if (!isProgram && (!NO_PROGRAMS.has(language) || mark !== undefined)) {
      throw new SyntaxError(
        `${where}: "${language}" is not a language of programs (${
          [...PROGRAMS].join(", ")
        }), nor one of those that need no mark (${
          [...NO_PROGRAMS].join(", ")
        })`,
      );
    }
    const end = lines.findIndex((line, i) => i > at && line.trim() === "```");
    if (end < 0) throw new SyntaxError(`${where}: the block does not end`);
    blocks.push({
      where,
      language,
      text: `${lines.slice(at + 1, end).join("\n")}\n`,
      fate: isProgram
        ? fateOf(mark)
        : { kind: "skip", why: `${language} is no program` },
    });
    mark = undefined;
    at = end;
  }
  return blocks;
}

function fateOf(mark: RegExpExecArray | undefined): Fate {
  if (mark === undefined) return { kind: "run" };
  return mark[1] === "not run"
    ? { kind: "skip", why: mark[2]! }
    : { kind: "stop", at: mark[2]! };
}

const ROOT = new URL("../../", import.meta.url);

/** All pages whose programs are tried: the README, and those under `examples/`. */
export async function pages(): Promise<{ name: string; blocks: Block[] }[]> {
  const names = ["README.md"];
  for await (
    const { name, isDirectory } of Deno.readDir(new URL("examples/", ROOT))
  ) {
    if (isDirectory) names.push(`examples/${name}/README.md`);
    else if (name.endsWith(".md")) names.push(`examples/${name}`);
  }
  const read = await Promise.all(
    names.sort().map(async (name) => {
      let text;
      try {
        text = await Deno.readTextFile(new URL(name, ROOT));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
      return { name, blocks: readBlocks(name, text) };
    }),
  );
  return read.filter((page) => page !== undefined);
}

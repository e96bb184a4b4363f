/** How columns are made of text with tabs. */
export interface TabOptions {
  /** The least width of a column, in characters. */
  readonly minWidth: number;
  /** Columns are padded to a multiple of this. */
  readonly tabWidth: number;
  /** Blanks behind the longest cell. */
  readonly padding: number;
  /** What columns are padded with. */
  readonly pad: " " | "\t";
}

/** As docker's tables are written. */
export const TABLE: TabOptions = {
  minWidth: 10,
  tabWidth: 1,
  padding: 3,
  pad: " ",
};
/** As buildx writes lists of names and values. */
export const LIST: TabOptions = {
  minWidth: 1,
  tabWidth: 8,
  padding: 1,
  pad: "\t",
};

/**
 * Makes columns of text with tabs, as Go's `text/tabwriter` does: a cell is what
 * stands before a tab, and a column goes on as long as lines below each other
 * have a cell in it.
 */
export function tabText(text: string, options: TabOptions): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const written: string[] = [];
  format(lines, [], { options, written });
  return written.join("\n");
}

interface Format {
  readonly options: TabOptions;
  readonly written: string[];
}

/** Writes lines whose first columns have these widths. */
function format(
  lines: readonly (readonly string[])[],
  widths: readonly number[],
  { options, written }: Format,
): void {
  const column = widths.length;
  const hasCell = (at: number) => column < lines[at]!.length - 1;
  let from = 0;
  for (let at = 0; at < lines.length; at++) {
    if (!hasCell(at)) continue;
    write(lines.slice(from, at), widths, { options, written });
    from = at;
    let width = options.minWidth;
    for (; at < lines.length && hasCell(at); at++) {
      width = Math.max(width, lengthOf(lines[at]![column]!) + options.padding);
    }
    const wide = Math.ceil(width / options.tabWidth) * options.tabWidth;
    format(lines.slice(from, at), [...widths, wide], { options, written });
    from = at;
  }
  write(lines.slice(from), widths, { options, written });
}

function write(
  lines: readonly (readonly string[])[],
  widths: readonly number[],
  { options: { pad, tabWidth }, written }: Format,
): void {
  for (const cells of lines) {
    written.push(
      cells.map((cell, at) => {
        const width = widths[at];
        if (width === undefined) return cell;
        const rest = width - lengthOf(cell);
        return cell +
          pad.repeat(pad === " " ? rest : Math.ceil(rest / tabWidth));
      }).join(""),
    );
  }
}

/** The length in characters, as Go counts them. */
function lengthOf(text: string): number {
  return [...text].length;
}

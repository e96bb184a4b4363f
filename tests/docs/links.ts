/** A link of a page to a file of the project, or to a heading. */
export interface Link {
  /** `PAGE:LINE` where it stands. */
  readonly where: string;
  /** Path of the file that it leads to, from the project's folder. */
  readonly path: string;
  /** The heading that it leads to, as it stands in the link. */
  readonly heading: string | undefined;
}

/** The lines of a page, without those of fenced blocks. */
function prose(markdown: string): (readonly [number: number, line: string])[] {
  let isBlock = false;
  return markdown.split("\n").flatMap((line, at) => {
    const isFence = line.trim().startsWith("```");
    if (isFence) isBlock = !isBlock;
    return isFence || isBlock ? [] : [[at + 1, line] as const];
  });
}

/**
 * The links of a page to other pages and files of the project, and within it.
 * Links to other hosts are left out.
 *
 * @param page Its path from the project's folder.
 */
export function readLinks(page: string, markdown: string): Link[] {
  return prose(markdown).flatMap(([number, line]) =>
    Array.from(line.matchAll(/\]\(([^)\s]+)\)/g), ([, to]) => to!)
      .filter((to) => !/^[a-z]+:/.test(to))
      .map((to) => {
        // As a browser resolves it.
        const url = new URL(to, `file:///${page}`);
        return {
          where: `${page}:${number}`,
          path: url.pathname.slice(1),
          heading: url.hash === "" ? undefined : url.hash.slice(1),
        };
      })
  );
}

/**
 * The names by which links reach the headings of a page, as GitHub makes them:
 * in lower case, without signs, with `-` for a space.
 */
export function readHeadings(markdown: string): ReadonlySet<string> {
  return new Set(
    prose(markdown).flatMap(([, line]) => {
      const title = /^#{1,6} (.+)$/.exec(line)?.[1];
      return title === undefined ? [] : [
        title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
          .replaceAll(" ", "-"),
      ];
    }),
  );
}

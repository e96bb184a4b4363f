/** What can be wrong with a page of timings in a browser, as expressions for its window. */
import type { Browser } from "../browser/chromium.ts";
import { type Look, Page } from "../browser/page.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

/** Runs with a page in a browser. */
export async function withPage(
  browser: Browser,
  text: string,
  look: Look & { readonly name?: string },
  run: (page: Page) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const path = `${folder}/${look.name ?? "page.html"}`;
    await Deno.writeTextFile(path, text);
    await using page = await Page.open(browser, path, look);
    await run(page);
    assertEquals(page.requests, [`file://${path}`], "the page asks for more");
    assertEquals(page.complaints, []);
  });
}

/** What lies over something else, or leaves the window. */
export const FAULTS: string = `(() => {
  const faults = [];
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) faults.push("wider than the window: " + scrollWidth);
  for (const table of document.querySelectorAll("table")) {
    const [of, place] = [table, table.closest("section")].map((box) => box.getBoundingClientRect());
    if (of.right > place.right + 1) faults.push("a table is wider than its place: " + of.width + " of " + place.width);
  }
  const seen = (element) => element.getClientRects().length > 0;
  for (const row of document.querySelectorAll("tr")) {
    const cells = [...row.children].filter(seen).map((cell) => cell.getBoundingClientRect());
    cells.forEach((one, at) => cells.slice(at + 1).forEach((other) => {
      if (one.right > other.left + 1 && other.right > one.left + 1 &&
        one.bottom > other.top + 1 && other.bottom > one.top + 1) faults.push("cells of " + row.id);
    }));
  }
  let last = 0;
  for (const row of document.querySelectorAll(".t tr")) {
    if (!seen(row)) continue;
    const { top, bottom } = row.getBoundingClientRect();
    if (top < last - 1) faults.push("row " + row.id);
    last = bottom;
  }
  // A number that the outline of its row runs through: it is up to three pixels wide.
  for (const row of document.querySelectorAll("tr[id^=s]")) {
    if (!seen(row)) continue;
    const text = document.createRange();
    text.selectNodeContents(row.cells[0]);
    if (text.getBoundingClientRect().left < row.getBoundingClientRect().left + 4) faults.push("number of " + row.id);
  }
  // Times of the axis that leave it, or lie over each other.
  for (const axis of document.querySelectorAll("thead .w")) {
    if (!seen(axis)) faults.push("no axis");
    let free = axis.getBoundingClientRect().left;
    for (const time of [...axis.children].filter(seen)) {
      const { left, right } = time.getBoundingClientRect();
      if (left < free - 1 || right > axis.getBoundingClientRect().right + 1) faults.push("time: " + time.textContent);
      free = right;
    }
  }
  // What a step waited for, which each width tells.
  for (const link of document.querySelectorAll("tr[id^=s] td:nth-child(3) a")) {
    if (seen(link.closest("tr")) && !seen(link)) faults.push("input of " + link.closest("tr").id);
  }
  // Text of a cell that is wider than the cell.
  for (const cell of document.querySelectorAll("td,th,li,p,h1,h2")) {
    if (seen(cell) && !cell.matches(".w,.w *,td:nth-child(6)") && cell.scrollWidth > cell.clientWidth + 1 && getComputedStyle(cell).display !== "inline") faults.push("text: " + cell.textContent);
  }
  return faults;
})()`;

/**
 * The text with the least contrast to what is behind it, by WCAG's formula, and
 * the least of a bar.
 */
export const CONTRAST: string = `(() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  let text = { ratio: Infinity, of: "" }, bar = { ratio: Infinity, of: "" };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === "" || element.closest("script,style") || element.getClientRects().length === 0) continue;
    const found = ratio(parse(getComputedStyle(element).color), behind(element));
    if (found < text.ratio) text = { ratio: found, of: walker.currentNode.data };
  }
  for (const element of document.querySelectorAll("td i, .g i, .s > *")) {
    const found = ratio(behind(element), behind(document.body));
    if (found < bar.ratio) bar = { ratio: found, of: element.className + element.parentElement.className };
  }
  return { text, bar };
})()`;

/** What {@linkcode CONTRAST} finds. */
export interface Contrast {
  readonly text: { readonly ratio: number; readonly of: string };
  readonly bar: { readonly ratio: number; readonly of: string };
}

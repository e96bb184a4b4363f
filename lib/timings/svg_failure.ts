import { EDGE, MONO, RIGHT, ROW } from "./svg_measures.ts";
import type { BuildTimings } from "./timings.ts";
import { escaped, fitted, wrapped } from "./visible.ts";

const MAX_ERROR_LINES = 3;
const MAX_EXCERPT_LINES = 12;

/** Why it failed: the engine's words, and the lines of the Dockerfile. */
export function failed(
  { failure }: BuildTimings,
  top: number,
): { readonly parts: string[]; readonly bottom: number } {
  if (failure === undefined) return { parts: [], bottom: top };
  const columns = Math.floor((RIGHT - EDGE) / MONO);
  let y = top + 8;
  const line = (text: string, kind: string) => {
    y += ROW - 2;
    return `<text class="${kind}" x="${EDGE}" y="${y}" xml:space="preserve">${
      escaped(text)
    }</text>`;
  };
  const parts = wrapped(failure.message, columns, MAX_ERROR_LINES)
    .map((text) => line(text, "f"));
  const excerpt = failure.excerpt?.split("\n").slice(0, MAX_EXCERPT_LINES) ??
    [];
  for (const text of excerpt) {
    const kind = /^ *\d+ \| >>>/.test(text) ? "f" : "t";
    parts.push(line(fitted(text, columns), kind));
  }
  return { parts, bottom: y };
}

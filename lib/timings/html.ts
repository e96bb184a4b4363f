import type { TimingsComparison } from "./compare.ts";
import { dockerfileTable, linesShown } from "./html_dockerfile.ts";
import { pageHead } from "./html_head.ts";
import { changeTable, failureNote, warningNotes } from "./html_notes.ts";
import { PAGE_ROOMS, type PageRoom } from "./html_room.ts";
import { SCRIPT, SCRIPT_HASH } from "./html_script.ts";
import { stepTable } from "./html_steps.ts";
import { STYLE } from "./html_style.ts";
import { betweenTags } from "./html_text.ts";
import { timingsJson } from "./saved.ts";
import type { BuildTimings } from "./timings.ts";

/** Options of {@linkcode timingsHtml}. */
export interface TimingsHtmlOptions {
  /** What the page is about, such as the image's name. @default {"build"} */
  readonly title?: string | undefined;
  /** How the build differs from an earlier one. */
  readonly comparison?: TimingsComparison | undefined;
}

/**
 * A page of up to 500 steps is smaller, in bytes, whatever is in it. One of more
 * steps may be larger by as much.
 */
const PAGE_LIMIT = 300_000;
const LIMITED_STEPS = 500;

const encoder = new TextEncoder();

/**
 * Where the time of a build went, as one page of HTML that needs nothing else:
 * it loads nothing, and its policy lets it load nothing. Without JavaScript it
 * is a table; with it, there are keys and a filter. {@linkcode readTimings}
 * reads it again, for a comparison.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsHtml } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app", { tag: "app" }).result();
 * const page = timingsHtml(await buildTimings(result), { title: "app" });
 * await Deno.writeTextFile("timings.html", page);
 * ```
 */
export function timingsHtml(
  timings: BuildTimings,
  options: TimingsHtmlOptions = {},
): string {
  const limit = PAGE_LIMIT *
    Math.max(1, timings.steps.length / LIMITED_STEPS);
  let page = "";
  for (const room of PAGE_ROOMS) {
    page = pageOf(timings, options, room);
    if (encoder.encode(page).length < limit) break;
  }
  return page;
}

function pageOf(
  timings: BuildTimings,
  { title = "build", comparison }: TimingsHtmlOptions,
  room: PageRoom,
): string {
  const sentences = [...timings.summary, ...comparison?.summary ?? []];
  const lines = linesShown(timings, room);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src '${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Timings of ${
    betweenTags(title, room.name)
  }</title><style>${STYLE}</style></head><body>
<header>${pageHead(timings, title, room)}
<ul class="y">${
    sentences.map((sentence) =>
      `<li>${betweenTags(sentence, room.sentence)}</li>`
    ).join("")
  }</ul></header>
${failureNote(timings, room)}<main><section>
<h2>Steps</h2>
<div class="j" hidden><p><input id="f" type="search" placeholder="Filter" aria-label="Filter the steps"> <button id="c" type="button" aria-pressed="false">Critical path alone</button> <small>In the table: <kbd>↓</kbd> <kbd>↑</kbd> move, <kbd>←</kbd> to what a step waited for, <kbd>Enter</kbd> to its line, <kbd>c</kbd> critical path alone, <kbd>/</kbd> filter</small></p>
<p class="h">Around the step that you choose: <span class="i">dashed, what it waited for</span> <span class="o">dotted, what waited for it</span></p></div>
${stepTable(timings, room, lines)}
${changeTable(comparison, room)}${warningNotes(timings, room, lines)}</section>
${dockerfileTable(timings, room, lines)}</main>
<script type="application/json" id="davit-timings">${
    timingsJson(timings)
  }</script>
<script>${SCRIPT}</script>
</body></html>
`;
}

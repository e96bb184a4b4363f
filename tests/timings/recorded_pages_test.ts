/**
 * Pages of recorded builds in a browser: of engines of both generations, and of
 * one that docker's own command ran, from the engine's history.
 *
 * Where DAVIT_TEST_PICTURES names a folder, a picture of each page is kept there.
 */
import { timingsHtml } from "../../lib/timings/html.ts";
import { buildTimings } from "../../lib/timings/build_timings.ts";
import { collectTimings } from "../../lib/timings/collect.ts";
import { compareTimings } from "../../lib/timings/compare.ts";
import type { BuildTimings } from "../../lib/timings/timings.ts";
import { startBrowser } from "../browser/chromium.ts";
import type { Page } from "../browser/page.ts";
import {
  dockerfileOf,
  errorOfTrace,
  stateOfTrace,
  TRACE_GENERATIONS,
} from "../progress/traces.ts";
import { CLASSIC_BUILDS, SAMPLE_BUILDS } from "../progress/builds.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CONTRAST, type Contrast, FAULTS, withPage } from "./page_faults.ts";
import { appTimings, largeBuild, timingsOf } from "./recorded.ts";

/** A phone, a small window, a wide screen. */
const WIDTHS = [390, 900, 1600] as const;
const SCHEMES = ["light", "dark"] as const;
const PICTURES = Deno.env.get("DAVIT_TEST_PICTURES");

/** A file beside this one, or of the examples. */
async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, import.meta.url));
}

/** The times of a build whose messages were recorded. */
function ofTrace(generation: string, name: string): BuildTimings {
  const trace = `${generation}_${name}`;
  const message = errorOfTrace(trace);
  return collectTimings(stateOfTrace(trace), {
    dockerfile: { name: "Dockerfile", text: dockerfileOf(name) },
    failure: message === "" ? undefined : { message },
  });
}

/** The times of a build of docker's own command, from what an engine remembers. */
async function ofHistory(): Promise<BuildTimings> {
  const { events, dockerfile, attrs } = JSON.parse(
    await read("history_record.json"),
  );
  return await buildTimings({
    ref: "recorded",
    async *events() {
      yield* events;
    },
    dockerfile: () => Promise.resolve(dockerfile),
    attrs: () => Promise.resolve(attrs),
    failure: () => Promise.resolve(undefined),
  });
}

/** Of the same instructions on two platforms. */
function twoPlatforms(): BuildTimings {
  const make =
    "RUN --mount=type=cache,target=/root/.cache --mount=type=secret,id=token make";
  const layers = { ["sha256:".padEnd(71, "a")]: 50_000_000 };
  return timingsOf([
    { name: "[internal] load build context", at: [0, 900] },
    { name: "[linux/amd64 build 1/3] FROM base", at: [0, 5000], bytes: layers },
    { name: "[linux/arm64 build 1/3] FROM base", at: [0, 6000], bytes: layers },
    {
      name: "[linux/amd64 build 2/3] COPY . .",
      at: [5e3, 6e3],
      inputs: [0, 1],
    },
    { name: `[linux/amd64 build 3/3] ${make}`, at: [6e3, 2e4], inputs: [3] },
    {
      name: "[linux/arm64 build 2/3] COPY . .",
      at: [6e3, 7e3],
      inputs: [0, 2],
    },
    { name: `[linux/arm64 build 3/3] ${make}`, at: [7e3, 7e4], inputs: [5] },
    { name: "exporting to image", at: [7e4, 8e4], bytes: { pushing: 6e7 } },
  ], {
    dockerfile: {
      name: "Dockerfile",
      text: `FROM base AS build\nCOPY . .\n${make}\n`,
    },
  });
}

/** Of 500 steps. */
function large(): BuildTimings {
  const { steps, text } = largeBuild(
    500,
    (place) =>
      `make part-${place} && install -D out/${place} /usr/lib/${place}`,
  );
  return timingsOf(steps, { dockerfile: { name: "Dockerfile", text } });
}

/** Each page by the name of its picture. */
async function pages(): Promise<Map<string, [BuildTimings, string]>> {
  const recorded: BuildTimings = JSON.parse(
    await read("../../examples/timings/build.json"),
  );
  const names = [...SAMPLE_BUILDS, ...CLASSIC_BUILDS].map(({ name }) => name);
  const builds: [string, BuildTimings][] = [
    ...TRACE_GENERATIONS.flatMap((generation) =>
      names.map((name): [string, BuildTimings] => [
        `${generation}_${name}`,
        ofTrace(generation, name),
      ])
    ),
    ["history", await ofHistory()],
    ["recorded", recorded],
    ["platforms", twoPlatforms()],
    ["large", large()],
  ];
  const compared = timingsHtml(recorded, {
    comparison: compareTimings(appTimings(), recorded),
  });
  return new Map([
    ...builds.map(([name, timings]): [string, [BuildTimings, string]] => [
      name,
      [timings, timingsHtml(timings, { title: `${name}:1` })],
    ]),
    ["compared", [recorded, compared]],
  ]);
}

/** How many rows of steps, and of lanes, are seen. */
const SEEN = `["tr[id^=s]", ".t tbody", ".t tbody th"].map((rows) =>
  [...document.querySelectorAll(rows)].filter((row) => row.getClientRects().length > 0).length)`;

/** The filter, and the button, leave the rows that they name. */
async function checkFilter(page: Page, timings: BuildTimings): Promise<void> {
  const type = async (text: string) =>
    await page.evaluate(
      `(() => {
        const field = document.getElementById("f");
        field.value = ${JSON.stringify(text)};
        field.dispatchEvent(new Event("input"));
      })()`,
    );
  const press = () => page.evaluate("document.getElementById('c').click()");
  const seen = () => page.evaluate<number[]>(SEEN);
  const all = await seen();
  assertEquals(all[0], timings.steps.length);
  await press();
  const [critical, lanes, heads] = await seen();
  assertEquals(critical, timings.criticalPath.length);
  assertEquals(heads, lanes);
  await press();
  assertEquals(await seen(), all);
  await type("no step has these words");
  assertEquals(await seen(), [0, 0, 0]);
  const words = timings.steps.at(-1)!.words.split(/\s/)[0]!;
  await type(words.toUpperCase());
  const [some, ...of] = await seen();
  assert(some! >= 1 && some! <= all[0]!, words);
  assert(of[0]! >= 1 && of[0] === of[1]);
  await type("");
  assertEquals(await seen(), all);
}

Deno.test("pages of recorded builds in a browser", async (test) => {
  await using browser = await startBrowser();
  for (const [name, [timings, html]] of await pages()) {
    await test.step(`nothing overlaps, all can be read, and the filter filters: ${name}`, async () => {
      await withPage(browser, html, { width: WIDTHS[0] }, async (page) => {
        for (const width of WIDTHS) {
          for (const scheme of SCHEMES) {
            await page.look({ width, scheme });
            const place = `${name}-${width}-${scheme}`;
            assertEquals(await page.evaluate(FAULTS), [], place);
            const { text, bar } = await page.evaluate<Contrast>(CONTRAST);
            assert(text.ratio >= 4.5, `${place}: ${text.ratio} ${text.of}`);
            assert(bar.ratio >= 3, `${place}: ${bar.ratio} ${bar.of}`);
            if (PICTURES === undefined) continue;
            await Deno.writeFile(
              `${PICTURES}/${place}.png`,
              await page.picture({ whole: true }),
            );
          }
          if (timings.steps.length > 0) await checkFilter(page, timings);
        }
      });
    });
  }
});

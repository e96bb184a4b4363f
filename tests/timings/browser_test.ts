/** Pages and pictures of timings, as a browser shows them. */
import { timingsHtml } from "../../lib/timings/html.ts";
import { timingsSvg } from "../../lib/timings/svg.ts";
import type { BuildTimings } from "../../lib/timings/timings.ts";
import { startBrowser } from "../browser/chromium.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CONTRAST, type Contrast, FAULTS, withPage } from "./page_faults.ts";
import {
  appTimings,
  EVIL,
  evilTimings,
  largeBuild,
  timingsOf,
} from "./recorded.ts";

/** A phone, a laptop, a wide screen. */
const WIDTHS = [390, 1280, 1900] as const;

/** The build of the page about timings: an engine's, of several stages. */
async function recordedBuild(): Promise<BuildTimings> {
  const file = new URL("../../examples/timings/build.json", import.meta.url);
  return JSON.parse(await Deno.readTextFile(file));
}

/** A build with all that a page may have. */
function fullTimings(): BuildTimings {
  const { steps, text } = largeBuild(40, (place) => `make part-${place}`);
  return timingsOf([
    ...steps,
    {
      name: "[linux/amd64 s3 11/11] RUN --mount=type=secret,id=token make all",
      at: [4000, 9000],
      inputs: [39],
      error: 'process "/bin/sh -c make all" did not complete: exit code: 2',
      bytes: { "downloading sources": 1_500_000 },
    },
  ], {
    dockerfile: {
      name: "Dockerfile",
      text: `${text}RUN --mount=type=secret,id=token make all\n`,
    },
  }, [{
    type: "warning",
    vertex: undefined,
    level: 1,
    short: "FromAsCasing: 'as' and 'FROM' keywords' casing do not match",
    detail: [],
    url: "https://docs.example/rule",
    source: undefined,
    code: undefined,
  }]);
}

/** Each bar, and where it should be by its step's times; in pixels. */
const BARS = `[...document.querySelectorAll("tr[id^=s]")].map((row) => {
  const cell = row.querySelector("td:last-child");
  const { left, width, top, bottom } = cell.getBoundingClientRect();
  return { id: +row.id.slice(1), left, width, top, bottom,
    bars: [...cell.querySelectorAll("i")].map((bar) => {
      const box = bar.getBoundingClientRect();
      return { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    }) };
})`;

interface BarRow {
  readonly id: number;
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
  readonly bars: readonly {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  }[];
}

Deno.test("pages and pictures of timings in a browser", async (test) => {
  await using browser = await startBrowser();
  const recorded = await recordedBuild();
  // Their last round time stands close to the end, and at it.
  const short = [334, 304, 400].map((end) =>
    timingsOf([{ name: "RUN a ".repeat(40), at: [0, end] }], {
      dockerfile: { name: "Dockerfile", text: "FROM a" },
    })
  );
  const builds = [recorded, fullTimings(), ...short];

  for (const width of WIDTHS) {
    await test.step(`bars are where the times say, and nothing overlaps, ${width} pixels wide`, async () => {
      for (const timings of builds) {
        await withPage(
          browser,
          timingsHtml(timings),
          { width },
          async (page) => {
            assertEquals(await page.evaluate(FAULTS), []);
            const rows = await page.evaluate<BarRow[]>(BARS);
            assertEquals(rows.length, timings.steps.length);
            for (const { id, left, width, top, bottom, bars } of rows) {
              const { periods, name } = timings.steps[id - 1]!;
              assertEquals(bars.length, periods.length);
              for (const [at, bar] of bars.entries()) {
                const { startMs, endMs } = periods[at]!;
                const px = (ms: number) =>
                  left + ms / timings.durationMs * width;
                const is = (one: number, other: number, most: number) =>
                  assert(
                    Math.abs(one - other) <= most,
                    `${name}: ${one} is not ${other}`,
                  );
                // One that is too short to be seen is three pixels wide.
                const length = Math.max(3, px(endMs) - px(startMs));
                // Near the end its end is where it should be.
                if (startMs < 0.9 * timings.durationMs) {
                  is(bar.left, px(startMs), 1);
                } else is(bar.right, px(endMs), 1);
                is(bar.right - bar.left, length, 1);
                assert(
                  bar.right <= left + width + 1,
                  `${name} leaves its cell`,
                );
                assert(bar.top >= top && bar.bottom <= bottom, name);
              }
            }
          },
        );
      }
    });
  }

  for (const scheme of ["light", "dark"] as const) {
    await test.step(`colours can be told from each other, ${scheme}`, async () => {
      const html = timingsHtml(fullTimings());
      await withPage(browser, html, { width: 1280, scheme }, async (page) => {
        const { text, bar } = await page.evaluate<Contrast>(CONTRAST);
        assert(text.ratio >= 4.5, `${text.ratio} of ${text.of}`);
        assert(bar.ratio >= 3, `${bar.ratio} of ${bar.of}`);
        assertEquals(
          await page.evaluate(
            "getComputedStyle(document.body).backgroundColor",
          ),
          scheme === "light" ? "rgb(255, 255, 255)" : "rgb(13, 17, 23)",
        );
      });
    });
  }

  await test.step("keys move among the steps, and what has the focus is seen", async () => {
    await withPage(
      browser,
      timingsHtml(recorded),
      { width: 1280 },
      async (page) => {
        const active = async () =>
          await page.evaluate<string>(
            "document.activeElement.id || document.activeElement.getAttribute('href') || document.activeElement.localName",
          );
        const isSeen = async () =>
          assertEquals(
            await page.evaluate(
              "getComputedStyle(document.activeElement).outlineStyle",
            ) === "none",
            false,
            await active(),
          );
        const press = async (...keys: string[]) => {
          await page.press(...keys);
          await isSeen();
          return await active();
        };
        // The bar's pieces, the filter, the button, the table: one stop of Tab for its rows.
        const stops: string[] = [];
        while (stops.at(-1) !== "s1") {
          stops.push(await press("Tab"));
          assert(stops.length < 20, stops.join());
        }
        assertEquals(stops, ["#s8", "#s12", "f", "c", "s1"]);
        assertEquals(await press("ArrowDown"), "s2");
        assertEquals(await press("j", "j"), "s5");
        assertEquals(await press("k"), "s3");
        assertEquals(await press("ArrowUp", "ArrowUp", "ArrowUp"), "s1");
        assertEquals(await press("End"), "s16");
        assertEquals(await press("ArrowDown"), "s16");
        assertEquals(await press("ArrowUp"), "s15");
        // COPY --from=test waited for the step before it, and for the tests.
        const marked = (kind: string) =>
          page.evaluate<string[]>(
            `[...document.querySelectorAll("tr.${kind}")].map(({ id }) => id)`,
          );
        assertEquals(await marked("i"), ["s11", "s14"]);
        assertEquals(await press("ArrowLeft"), "s14");
        assertEquals(await marked("o"), ["s15"]);
        assertEquals(await press("Enter"), "#s14");
        assertEquals(await page.evaluate("location.hash"), "#L20");
        // The line leads back.
        assertEquals(await press("Enter"), "s14");
        assertEquals(await page.evaluate("location.hash"), "#s14");
        assertEquals(await press("Home"), "s1");
        const shown = (rows = "tr[id^=s]") =>
          page.evaluate<number>(
            `[...document.querySelectorAll("${rows}")].filter((row) => row.getClientRects().length > 0).length`,
          );
        const critical =
          recorded.steps.filter(({ critical }) => critical).length;
        assertEquals(await press("c"), "s1");
        assertEquals(await shown(), critical);
        assertEquals(
          await page.evaluate("document.getElementById('c').ariaPressed"),
          "true",
        );
        assertEquals(await press("c"), "s1");
        assertEquals(await press("/"), "f");
        await press(..."bundle");
        assertEquals(await shown(), 1);
        assertEquals(await shown(".t tbody"), 1);
        assertEquals(await press("Escape"), "s1");
        assertEquals(await shown(), 16);
        // A letter is a letter where nothing of the table has the focus.
        await page.evaluate("document.activeElement.blur()");
        await page.press("c");
        assertEquals(await shown(), 16);
      },
    );
  });

  await test.step("without scripts it is a table that can be read", async () => {
    const html = timingsHtml(recorded, { title: "app:1" });
    await withPage(
      browser,
      html,
      { width: 1280, scripts: false },
      async (page) => {
        const text = await page.evaluate<string>("document.body.innerText");
        for (const sentence of recorded.summary) {
          assert(
            text.includes(sentence),
          );
        }
        for (
          const words of [
            "app:1 36.1 s",
            "RUN deno install",
            "secrets: npmrc",
            "16.1 s",
          ]
        ) assert(text.includes(words), text);
        assert(!text.includes("Critical path alone"), "help for keys");
        assertEquals(
          await page.evaluate("document.querySelectorAll('[tabindex]').length"),
          0,
        );
        assertEquals(await page.evaluate(FAULTS), []);
      },
    );
  });

  await test.step("the words of a build are words", async () => {
    const html = timingsHtml(evilTimings(), { title: EVIL });
    await withPage(browser, html, { width: 390 }, async (page) => {
      assertEquals(
        await page.evaluate(
          "[document.images.length, document.scripts.length, document.querySelectorAll('body style,[onerror]').length]",
        ),
        [0, 2, 0],
      );
      assertEquals(await page.evaluate(FAULTS), []);
    });
    const svg = timingsSvg(evilTimings(), { title: EVIL });
    await withPage(
      browser,
      svg,
      { width: 900, name: "a.svg" },
      async (page) => {
        assertEquals(
          await page.evaluate("document.documentElement.localName"),
          "svg",
        );
      },
    );
  });

  await test.step("a picture has its size, and no text lies over another or leaves it", async () => {
    const pictures = [...builds, appTimings(), evilTimings()];
    for (const timings of pictures) {
      // The widest of letters: what has to be cut is.
      const svg = timingsSvg(timings, { title: "M".repeat(200) });
      await withPage(
        browser,
        svg,
        { width: 1280, name: "a.svg" },
        async (page) => {
          const faults = await page.evaluate<string[]>(`(() => {
          const svg = document.documentElement, faults = [];
          const { width, height } = svg.getBoundingClientRect();
          if (width !== 900 || height !== svg.height.baseVal.value) faults.push("size " + width);
          const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
          const bars = [...svg.querySelectorAll("rect:not(.p)")].map((bar) => ["bar", bar.getBoundingClientRect()]);
          for (const [name, box] of [...texts, ...bars]) {
            if (box.left < 0 || box.right > 900 || box.bottom > height) faults.push(name + " leaves it: " + box.right);
          }
          const strip = ([name, box]) => name === "bar" && box.height === 26;
          const boxes = [...texts, ...bars.filter((bar) => !strip(bar))];
          const inStrip = bars.filter(strip).map(([, box]) => box);
          boxes.forEach(([name, one], at) => boxes.slice(at + 1).forEach(([other, two]) => {
            if (name === "bar" && other === "bar") return;
            if (one.right > two.left + 0.5 && two.right > one.left + 0.5 && one.bottom > two.top + 3 && two.bottom > one.top + 3) faults.push(name + " over " + other);
          }));
          for (const [name, box] of texts) {
            const piece = inStrip.find(({ top, bottom }) => box.top >= top && box.bottom <= bottom);
            if (piece && !inStrip.some(({ left, right }) => box.left >= left && box.right <= right)) faults.push(name + " leaves its piece");
          }
          return faults;
        })()`);
          assertEquals(faults, []);
        },
      );
    }
  });

  for (const width of WIDTHS) {
    await test.step(`the axis and the lane's name stay in sight among 500 steps, ${width} pixels wide`, async () => {
      const { steps, text } = largeBuild(500, (place) => `make part-${place}`);
      const timings = timingsOf(steps, {
        dockerfile: { name: "Dockerfile", text },
      });
      await withPage(browser, timingsHtml(timings), { width }, async (page) => {
        assertEquals(await page.evaluate(FAULTS), []);
        await page.evaluate("document.getElementById('s1').focus()");
        await page.press("End");
        assertEquals(await page.evaluate("document.activeElement.id"), "s500");
        // What stays at the top covers no step that gets the focus.
        const place = `(() => {
          const row = document.activeElement;
          const lane = row.closest("tbody").querySelector("th").getBoundingClientRect();
          const { top, bottom } = row.getBoundingClientRect();
          return [row.id, top >= lane.bottom - 1, bottom <= innerHeight];
        })()`;
        for (let at = 499; at > 475; at--) {
          await page.press("k");
          assertEquals(await page.evaluate(place), [`s${at}`, true, true]);
        }
        // Wherever the window is, in the middle of a lane.
        for (const [id, name] of [["s105", "s10"], ["s458", "s45"]]) {
          const seen = await page.evaluate(`(() => {
            const row = document.getElementById("${id}");
            scrollTo(0, scrollY + row.getBoundingClientRect().top - 60);
            const time = document.querySelector("thead .w span").getBoundingClientRect();
            const lane = row.closest("tbody").querySelector("th").getBoundingClientRect();
            const at = ({ left, top, height }) => document.elementFromPoint(left + 12, top + height / 2);
            const { top } = row.getBoundingClientRect();
            return [
              time.top >= 0 && time.bottom < 30,
              at({ ...time.toJSON(), left: time.left - 10 }).closest("thead") !== null,
              lane.top >= time.bottom - 1 && lane.bottom < 64,
              at(lane).textContent.trim(),
              top >= 50 && top < 70,
            ];
          })()`);
          assertEquals(seen, [true, true, true, `linux/amd64 ${name}`, true]);
        }
      });
    });
  }

  await test.step("a legend tells what the outlines of rows mean", async () => {
    await withPage(
      browser,
      timingsHtml(recorded),
      { width: 390 },
      async (page) => {
        await page.evaluate("document.getElementById('s9').focus()");
        for (const [kind, style] of [["i", "dashed"], ["o", "dotted"]]) {
          for (const place of ["tr", ".h "]) {
            const outline =
              `getComputedStyle(document.querySelector("${place}.${kind}")).outline`;
            assert((await page.evaluate<string>(outline)).includes(style!));
          }
          assert(
            (await page.evaluate<string>("document.body.innerText"))
              .includes(`${style}, what `),
          );
        }
      },
    );
  });

  await test.step("a phone without scripts shows the axis, and what waited for what", async () => {
    await withPage(
      browser,
      timingsHtml(recorded),
      { width: 390, scripts: false },
      async (page) => {
        assertEquals(await page.evaluate(FAULTS), []);
        assertEquals(
          await page.evaluate(`(() => {
            const cell = document.querySelector("#s15 td:nth-child(3)");
            return [getComputedStyle(cell, "::before").content, cell.innerText, cell.getClientRects().length];
          })()`),
          ['"after "', "11, 14", 1],
        );
        const text = await page.evaluate<string>("document.body.innerText");
        for (const time of ["10 s", "20 s", "30 s"]) {
          assert(text.includes(time));
        }
        assert(!text.includes("Waited for") && !text.includes("what waited"));
      },
    );
  });
});

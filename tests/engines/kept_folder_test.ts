import { assertEquals } from "../support/assert.ts";
import { CACHE, keptFolder } from "./kept_folder.ts";

const DAY_MS = 86_400_000;

Deno.test("a kept folder is made anew when its recipe changes, or when Debian has other packages: that is asked once a day", async () => {
  const name = `test-${crypto.randomUUID()}`;
  const folder = `${CACHE}/${name}`;
  const asked: string[] = [];
  let offered = "a 1";
  const made = async (recipe: string, compare: boolean) => {
    const { packages } = await keptFolder(name, recipe, {
      async fill(kept) {
        asked.push("fill");
        await Deno.writeTextFile(`${kept}/content`, offered);
        return [offered];
      },
      isCurrent: compare
        ? (packages) => {
          asked.push("compare");
          return Promise.resolve(packages.join() === offered);
        }
        : undefined,
    });
    const content = await Deno.readTextFile(`${folder}/content`);
    return [content, ...packages, ...asked.splice(0)];
  };
  /** Lets time pass. */
  const age = async (millis: number) => {
    const time = new Date(Date.now() - millis);
    await Deno.utime(`${folder}/unpacked.json`, time, time);
  };
  try {
    assertEquals(await made("x", true), ["a 1", "a 1", "fill"]);
    assertEquals(await made("y", false), ["a 1", "a 1", "fill"]);
    offered = "a 2";
    assertEquals(await made("y", true), ["a 1", "a 1"]);
    await age(DAY_MS - 60_000);
    assertEquals(await made("y", true), ["a 1", "a 1"]);
    await age(DAY_MS + 1_000);
    assertEquals(await made("y", false), ["a 1", "a 1"]);
    assertEquals(await made("y", true), ["a 2", "a 2", "compare", "fill"]);
    await age(DAY_MS + 1_000);
    assertEquals(await made("y", true), ["a 2", "a 2", "compare"]);
    assertEquals(await made("y", true), ["a 2", "a 2"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(`${folder}.lock`);
  }
});

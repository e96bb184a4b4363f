import { assertEquals } from "./support/assert.ts";
import config from "../deno.json" with { type: "json" };

Deno.test("the newest version of the changelog is the one of deno.json", async () => {
  const changelog = await Deno.readTextFile(
    new URL("../CHANGELOG.md", import.meta.url),
  );
  const versions = [
    ...changelog.matchAll(/^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$/gm),
  ];
  assertEquals(versions[0]?.[1], config.version);
  const dates = versions.map(([, , date]) => date!);
  assertEquals(dates, dates.toSorted().reverse());
});

import { buildTitle } from "../../lib/cli/build_title.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a build without a tag is called as its folder or its address, without a login", () => {
  const here = Deno.cwd().split("/").at(-1)!;
  for (
    const [word, title] of [
      [".", here],
      ["./", here],
      ["/srv/app/", "app"],
      ["a/b/..", "a"],
      ["/", "/"],
      ["-", undefined],
      [
        "https://me:token@example.com/a.git#v1:sub",
        "https://example.com/a.git#v1:sub",
      ],
      ["https://token@example.com/a.git", "https://example.com/a.git"],
      ["https://example.com/a.tar?sig=token", "https://example.com/a.tar"],
      [
        "https://example.com/a.git?ref=token#v1",
        "https://example.com/a.git#v1",
      ],
      ["git@example.com:a/b.git#v1", "git@example.com:a/b.git#v1"],
    ] as const
  ) assertEquals(buildTitle(word), title, word);
});

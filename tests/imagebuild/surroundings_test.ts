import { proxyPasswords } from "../../lib/imagebuild/settings.ts";
import { untagImage } from "../../lib/imagebuild/untag.ts";
import { assertEquals } from "../support/assert.ts";
import { readyBuild } from "./ready_build.ts";

Deno.test("proxyPasswords() takes those of four characters, and no shorter ones", () => {
  const found = (password: string) =>
    proxyPasswords({ proxies: { P: `http://me:${password}@proxy.example` } })
      .length;
  assertEquals([found("abc"), found("abcd")], [0, 1]);
});

Deno.test("untagImage() takes the name alone, and keeps what is below it", async () => {
  const { build, asked } = await readyBuild({}, {
    script: ({ method }) =>
      Response.json(method === "DELETE" ? [] : { Id: "a" }),
  });
  await untagImage(build.engine, "a", ["one:1"]);
  assertEquals(asked.at(-1)!.path, "/v1.51/images/one:1?noprune=true");
});

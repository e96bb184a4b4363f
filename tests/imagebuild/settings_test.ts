import { assertEquals } from "../support/assert.ts";
import { proxyPasswords, withSettings } from "../../lib/imagebuild/settings.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";

const NOTHING = {
  proxies: {},
  platform: undefined,
  sourceDateEpoch: undefined,
};
const PROXIES = { HTTP_PROXY: "h", NO_PROXY: "n", ALL_PROXY: "a" };

Deno.test("withSettings() adds what docker's clients add, behind the options", () => {
  const all = {
    proxies: PROXIES,
    platform: "linux/arm64",
    sourceDateEpoch: "7",
  };
  for (
    const [options, expected] of [
      [{}, {
        platform: "linux/arm64",
        buildargs: { HTTP_PROXY: "h", NO_PROXY: "n", SOURCE_DATE_EPOCH: "7" },
      }],
      [
        { platform: "local", buildargs: '{"A":"1","http_proxy":"mine"}' },
        {
          platform: "local",
          buildargs: {
            NO_PROXY: "n",
            SOURCE_DATE_EPOCH: "7",
            A: "1",
            ["http_proxy"]: "mine",
          },
        },
      ],
      [{ buildargs: { SOURCE_DATE_EPOCH: "0", NO_PROXY: null } }, {
        platform: "linux/arm64",
        buildargs: { HTTP_PROXY: "h", SOURCE_DATE_EPOCH: "0", NO_PROXY: null },
      }],
      [{ version: "1" }, {
        version: "1",
        platform: "linux/arm64",
        buildargs: {
          HTTP_PROXY: "h",
          ["http_proxy"]: "h",
          NO_PROXY: "n",
          ["no_proxy"]: "n",
          ALL_PROXY: "a",
          ["all_proxy"]: "a",
        },
      }],
      // Refused as it is, by who checks it.
      [{ buildargs: "{" }, { platform: "linux/arm64", buildargs: "{" }],
    ] as [ImageBuildOptions, ImageBuildOptions][]
  ) {
    const before = JSON.stringify(options);
    assertEquals(withSettings(options, all), expected);
    assertEquals(JSON.stringify(options), before);
    assertEquals(withSettings(options, NOTHING), options);
  }
});

Deno.test("proxyPasswords() finds them as they are and as they stand in an address", () => {
  const found = proxyPasswords({
    proxies: {
      HTTP_PROXY: "http://me:hunter2%40home@proxy.example:3128/",
      HTTPS_PROXY: "me:p@ss/word@proxy.example",
      FTP_PROXY: "http://only-a-user@proxy.example:3128",
      ALL_PROXY: "http://me:abc@proxy.example",
      OWN_PROXY: "http://me:abcd@proxy.example",
      NO_PROXY: "localhost,::1",
    },
  });
  assertEquals(
    found.map(([name, password]) => [
      name,
      new TextDecoder().decode(password.reveal()),
    ]),
    [
      ["HTTP_PROXY", "hunter2%40home"],
      ["HTTP_PROXY", "hunter2@home"],
      ["OWN_PROXY", "abcd"],
    ],
  );
});

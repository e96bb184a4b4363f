import { assertEquals } from "../support/assert.ts";
import { engineKindTest } from "../support/engines.ts";

engineKindTest(
  { generation: "28", containerdStore: true, ownNetwork: true },
  "host-gateway is the same address over both interfaces",
  async ({ docker }) => {
    const hosts = async (api: "engine" | "buildkit") => {
      const build = docker.imageBuild({
        dockerfile: {
          text:
            "FROM davit-test/base\nRUN grep -E 'up|other' /etc/hosts | sort\n",
        },
      }, {
        api,
        nocache: true,
        extrahosts: { up: "host-gateway", other: "1.2.3.4" },
      });
      const text = await new Response(build.logs()).text();
      await build.wait();
      return text;
    };
    const expected = await hosts("engine");
    assertEquals(
      /^1\.2\.3\.4\tother\n\d+\.\d+\.\d+\.\d+\tup\n$/.test(expected),
      true,
      expected,
    );
    assertEquals(await hosts("buildkit"), expected);
  },
);

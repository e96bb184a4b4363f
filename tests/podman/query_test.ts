import { assertEquals, assertThrows } from "../support/assert.ts";
import { podmanQuery } from "../../lib/imagebuild/ways/podman_query.ts";
import { UnsupportedError } from "../../mod.ts";

Deno.test("podmanQuery() writes hosts and limits as podman reads them, and leaves the rest", () => {
  assertEquals(
    podmanQuery({
      t: ["a:1", "b:2"],
      nocache: true,
      extrahosts: ["a:10.0.0.1", "b:10.0.0.2"],
      ulimits: '[{"Name":"nofile","Soft":100,"Hard":200}]',
    }),
    {
      t: ["a:1", "b:2"],
      nocache: true,
      extrahosts: '["a:10.0.0.1","b:10.0.0.2"]',
      ulimits: '["nofile=100:200"]',
    },
  );
  assertEquals(podmanQuery({}), { extrahosts: undefined, ulimits: undefined });
});

Deno.test("podmanQuery() refuses what podman would overlook", () => {
  for (const name of ["outputs", "remote"]) {
    assertThrows(
      () => podmanQuery({ [name]: "x" }),
      UnsupportedError,
      "Podman can not",
    );
  }
});

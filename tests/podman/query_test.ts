import { assertEquals, assertThrows } from "../support/assert.ts";
import { checkRequest } from "../imagebuild/request.ts";
import {
  checkPodmanQuery,
  podmanQuery,
} from "../../lib/imagebuild/ways/podman_query.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";
import { type ImageBuildOptions, UnsupportedError } from "../../mod.ts";

function requestOf(options: ImageBuildOptions): BuildRequest {
  return checkRequest(options, { kind: "tar", stream: new ReadableStream() });
}

Deno.test("podmanQuery() writes hosts and limits as podman reads them, and leaves the rest", () => {
  const { version, ...query } = JSON.parse(
    JSON.stringify(podmanQuery(requestOf({
      tag: ["a:1", "b:2"],
      nocache: true,
      extrahosts: ["a:10.0.0.1", "b:10.0.0.2"],
      ulimits: '[{"Name":"nofile","Soft":100,"Hard":200}]',
    }))),
  );
  assertEquals(
    query,
    {
      t: ["a:1", "b:2"],
      nocache: true,
      extrahosts: '["a:10.0.0.1","b:10.0.0.2"]',
      ulimits: '["nofile=100:200"]',
    },
  );
  assertEquals(version, "2");
  const { extrahosts, ulimits } = podmanQuery(requestOf({}));
  assertEquals({ extrahosts, ulimits }, {
    extrahosts: undefined,
    ulimits: undefined,
  });
});

Deno.test("podmanQuery() refuses what podman would overlook", () => {
  for (
    const options of [
      { outputs: { type: "moby" } },
      { remote: "https://example.com/x.git" },
    ] as ImageBuildOptions[]
  ) {
    assertThrows(
      () => checkPodmanQuery(requestOf(options)),
      UnsupportedError,
      "Podman can not",
    );
  }
});

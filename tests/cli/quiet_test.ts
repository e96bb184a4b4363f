import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import {
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { tarBytes } from "../support/tar.ts";
import { davitHere } from "./in_process.ts";

Deno.test("what a failed step printed is told without a display, and does nothing in a terminal", async () => {
  const evil = "a\x1b[2Jb\x1b]0;title\x07c";
  const time = (seconds: number) => ({ seconds, nanos: 0 });
  const aux = encodeTrace({
    vertexes: [{
      digest: "sha256:1",
      inputs: [],
      name: `RUN ${evil}`,
      cached: false,
      started: time(1),
      completed: time(2),
      error: "it broke",
      group: undefined,
    }],
    statuses: [],
    logs: [{
      vertex: "sha256:1",
      stream: 1,
      timestamp: time(1),
      data: new TextEncoder().encode(`${evil}\n`),
    }],
    warnings: [],
  });
  const lines = [
    { id: "moby.buildkit.trace", aux },
    { errorDetail: { message: "it broke" }, error: "it broke" },
  ];
  await using engine = await startFakeEngine(async (request) => {
    if (!request.target.includes("/build?")) {
      await request.write(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
      );
      return;
    }
    await drainChunked(request);
    await request.write(BUILD_HEAD);
    for (const line of lines) {
      await request.write(`${JSON.stringify(line)}\r\n`);
    }
  });
  const stdin = await tarBytes({ Dockerfile: "FROM scratch\n" });
  for (const flag of ["--quiet", "--progress=none"]) {
    const { code, stderr, stdout } = await davitHere(
      ["build", flag, "-H", engine.host, "-"],
      { stdin },
    );
    assertStringIncludes(stderr, "------\n > RUN abc:\nabc\n------\n");
    assertFalse(stderr.includes("\x1b"));
    assertEquals([code, stdout.length], [1, 0]);
  }
});

import { assertEquals } from "../support/assert.ts";
import { startRecorder } from "./recorder.ts";

Deno.test("a recorder lets one request after the other to each repository, and to two at once", async () => {
  const inside = new Map<string, number>();
  // The first request waits until one for the other repository is there.
  const both = Promise.withResolvers<void>();
  const most = new Map<string, number>();
  await using target = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      await request.body?.cancel();
      const repository = new URL(request.url).pathname.split("/")[2]!;
      const count = (inside.get(repository) ?? 0) + 1;
      inside.set(repository, count);
      most.set(repository, Math.max(most.get(repository) ?? 0, count));
      if (inside.size > 1) both.resolve();
      await both.promise;
      if (count > 1) inside.set(repository, count - 1);
      else inside.delete(repository);
      return new Response(null, { status: 201 });
    },
  );
  await using recorder = startRecorder(target.addr.port, "");
  const ask = async (path: string, method: string) => {
    const response = await fetch(`http://127.0.0.1:${recorder.port}${path}`, {
      method,
    });
    await response.body?.cancel();
    return response.status;
  };
  const statuses = await Promise.all(
    ["one", "two"].flatMap((name) => [
      ask(`/v2/${name}/blobs/uploads/`, "POST"),
      ask(`/v2/${name}/blobs/sha256:1`, "HEAD"),
      ask(`/v2/${name}/manifests/latest`, "PUT"),
    ]),
  );
  assertEquals(statuses, statuses.map(() => 201));
  assertEquals([...most.values()], [1, 1]);
});

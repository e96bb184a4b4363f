import { assertEquals } from "../support/assert.ts";
import { transferEvent } from "../../lib/transfer/event.ts";

Deno.test("transferEvent() reads what engines of all generations say", () => {
  const layer = { id: "5f70bf18a086", progressDetail: {} };
  assertEquals(transferEvent({ ...layer, status: "Pull complete" }), {
    type: "layer",
    id: layer.id,
    status: "Pull complete",
  });
  assertEquals(
    transferEvent({
      ...layer,
      status: "Downloading",
      progress: "[>   ]",
      progressDetail: { current: 5, total: 10 },
    }),
    {
      type: "layer",
      id: layer.id,
      status: "Downloading",
      current: 5,
      total: 10,
      units: "bytes",
    },
  );
  // containerd's store counts seconds while it unpacks, and knows no end.
  assertEquals(
    transferEvent({
      ...layer,
      status: "Extracting",
      progressDetail: { current: 2, total: -1, units: "s" },
    }),
    {
      type: "layer",
      id: layer.id,
      status: "Extracting",
      current: 2,
      units: "s",
    },
  );
  assertEquals(transferEvent({ status: "Pulling from app", id: "latest" }), {
    type: "status",
    status: "Pulling from app",
  });
  assertEquals(transferEvent({ stream: "Loaded image: app:1\n" }), {
    type: "status",
    status: "Loaded image: app:1",
  });
  assertEquals(
    transferEvent({ progressDetail: {}, aux: { Digest: "sha256:0" } }),
    undefined,
  );
});

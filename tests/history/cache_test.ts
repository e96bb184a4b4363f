/** The build cache, by an engine that can be made to say anything. */
import { pong } from "../../lib/proto/llbbridge.ts";
import {
  diskUsageRequest,
  diskUsageResponse,
  type PruneMessage,
  pruneRequest,
  usageRecord,
  type UsageRecordMessage,
} from "../../lib/proto/usage.ts";
import { BuildHistoryError, UnsupportedError } from "../../mod.ts";
import { answer, refuse, requestOf, say } from "../buildkit/scripted_engine.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { at } from "./records.ts";
import { scriptedHistory } from "./scripted_history.ts";

function usage(fields: Partial<UsageRecordMessage>): UsageRecordMessage {
  return { ...usageRecord.zero(), ...fields };
}

Deno.test("disk usage is summed up, the smallest first, and what was used lately is left out here", async () => {
  let asked: unknown;
  const now = Math.floor(Date.now() / 1000);
  const records = [
    usage({ id: "b", size: 5, inUse: true, shared: true }),
    usage({ id: "c", size: 1, lastUsedAt: at(now - 30) }),
    usage({
      id: "a",
      size: 5,
      parent: "old",
      lastUsedAt: at(now - 90, 500_000_000),
      createdAt: at(7),
      usageCount: 3,
      mutable: true,
      recordType: "regular",
      description: "d",
    }),
    usage({ id: "d", size: 9, parents: ["x", "y"], parent: "z", shared: true }),
  ];
  await using scripted = scriptedHistory({
    answers: {
      async DiskUsage(stream) {
        asked = diskUsageRequest.decode(await requestOf(stream));
        answer(diskUsageResponse.encode({ records }))(stream);
      },
    },
  });
  const { docker } = scripted;
  const all = await docker.buildDiskUsage();
  assertEquals(asked, { filter: [""] });
  assertEquals(all.records.map(({ id }) => id), ["c", "a", "b", "d"]);
  assertEquals([all.total, all.reclaimable, all.shared], [20, 15, 14]);
  assertEquals(all.records[1], {
    id: "a",
    parents: ["old"],
    type: "regular",
    description: "d",
    size: 5,
    createdAt: "1970-01-01T00:00:07Z",
    lastUsedAt: new Date((now - 90) * 1000 + 500).toISOString().replace(
      "500Z",
      "5Z",
    ),
    usageCount: 3,
    mutable: true,
    inUse: false,
    reclaimable: true,
    shared: false,
  });
  assertEquals(all.records[3]!.parents, ["x", "y"]);
  assertEquals([all.records[2]!.inUse, all.records[2]!.reclaimable], [
    true,
    false,
  ]);
  const old = await docker.buildDiskUsage({
    filters: { until: ["1m"], type: ["x"] },
  });
  assertEquals(asked, { filter: ["type==x"] });
  // Also what no build has ever used.
  assertEquals(old.records.map(({ id }) => id), ["a", "b", "d"]);
  assertEquals([old.total, old.reclaimable], [19, 14]);
});

/** An engine whose BuildKit knows about free space, or does not. */
function pruning(knowsSizes: boolean) {
  const asked: PruneMessage[] = [];
  const scripted = scriptedHistory({
    answers: {
      Solve: async (stream) => {
        await requestOf(stream);
        await new Promise<void>((resolve) =>
          stream.signal.addEventListener("abort", () => resolve())
        );
      },
      Ping: answer(pong.encode({
        frontend: [],
        llb: [{
          id: "gc.freespacefilter",
          enabled: knowsSizes,
          deprecated: false,
          disabledReason: "",
          disabledReasonText: "",
        }],
      } as never)),
      async Prune(stream) {
        asked.push(pruneRequest.decode(await requestOf(stream)));
        say(
          stream,
          usageRecord.encode({ id: "a", size: 3 }),
          usageRecord.encode({ id: "b", size: 4 }),
        );
        stream.end([["grpc-status", "0"]]);
      },
    },
  });
  return { scripted, asked };
}

const NOTHING: PruneMessage = {
  filter: [""],
  all: false,
  keepDuration: 0,
  reservedSpace: 0,
  maxUsedSpace: 0,
  minFreeSpace: 0,
};

Deno.test("prune asks for what is wanted, and gives each record that is deleted", async () => {
  const { scripted, asked } = pruning(true);
  await using _ = scripted;
  const prune = async (
    options?: Parameters<typeof scripted.docker.buildPruneRecords>[0],
  ) =>
    (await Array.fromAsync(scripted.docker.buildPruneRecords(options)))
      .map(({ id, size }) => [id, size]);
  const gone = [["a", 3], ["b", 4]];
  assertEquals(await prune(), gone);
  assertEquals(
    await prune({
      all: true,
      reservedSpace: 1,
      filters: { until: ["1s"], type: ["x"] },
    }),
    gone,
  );
  // Nothing was asked of what BuildKit knows.
  assertEquals(
    scripted.engine.calls.filter((path) => path.endsWith("Ping")),
    [],
  );
  assertEquals(await prune({ maxUsedSpace: 2 }), gone);
  assertEquals(await prune({ minFreeSpace: 3 }), gone);
  assertEquals(asked, [
    NOTHING,
    {
      ...NOTHING,
      all: true,
      reservedSpace: 1,
      keepDuration: 1e9,
      filter: ["type==x"],
    },
    { ...NOTHING, maxUsedSpace: 2 },
    { ...NOTHING, minFreeSpace: 3 },
  ]);
});

Deno.test("sizes that BuildKit would ignore delete nothing", async () => {
  const { scripted, asked } = pruning(false);
  await using _ = scripted;
  for (const options of [{ maxUsedSpace: 1 }, { minFreeSpace: 1 }]) {
    const error = await assertRejects(
      () => Array.fromAsync(scripted.docker.buildPruneRecords(options)),
      UnsupportedError,
    );
    assertEquals([error.feature, error.message], [
      "prune by size",
      "This engine can not prune with maxUsedSpace or minFreeSpace: its BuildKit does not know them; reservedSpace is older",
    ]);
  }
  assertEquals(asked, []);
});

Deno.test("what BuildKit refuses of the cache is an error with its words", async () => {
  await using scripted = scriptedHistory({
    answers: {
      DiskUsage: refuse(2, "no space"),
      Prune: refuse(2, "it is broken"),
    },
  });
  const { docker } = scripted;
  for (
    const [work, words] of [
      [() => docker.buildDiskUsage(), "no space"],
      [() => docker.buildPruneRecords().next(), "it is broken"],
    ] as const
  ) {
    const error = await assertRejects<Error>(work, BuildHistoryError);
    assertEquals(error.message, words);
  }
});

import { BuilderError } from "../../lib/buildx/builder_error.ts";
import type { BuildxNode } from "../../lib/buildx/instance.ts";
import {
  deploymentName,
  deploymentOf,
  runningPods,
} from "../../lib/buildx/pods.ts";
import { reachNode } from "../../lib/buildx/reach.ts";
import { parsePlatform } from "../../lib/platforms/platform.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";

const NODE: BuildxNode = {
  name: "my_own_node",
  endpoint: "kubernetes:///ci",
  platforms: undefined,
  driverOpts: undefined,
  flags: undefined,
  files: undefined,
};

/** A program in the place of kubectl, which no machine of the tests has. */
async function withKubectl(
  script: string,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "davit-kubectl-" });
  const path = Deno.env.get("PATH")!;
  try {
    await Deno.writeTextFile(
      `${folder}/kubectl`,
      `#!/bin/sh\necho "$@" >"${folder}/words"\n${script}\n`,
      { mode: 0o755 },
    );
    Deno.env.set("PATH", `${folder}:${path}`);
    await use(folder);
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}

function printing(value: unknown): string {
  return `cat <<'E'\n${JSON.stringify(value)}\nE`;
}

function pod(name: string, more: Record<string, unknown> = {}) {
  return {
    metadata: { name, namespace: "ns", ...Object(more.metadata) },
    spec: more.spec ?? { containers: [{ name: "one" }, { name: "two" }] },
    status: more.status ?? { phase: "Running" },
  };
}

Deno.test("the pods of a node are those of its deployment that run", async () => {
  const items = [
    pod("b"),
    pod("c", { status: { phase: "Pending" } }),
    pod("d", { metadata: { deletionTimestamp: "now" } }),
    pod("e", { spec: {} }),
    pod("f", { metadata: { name: 5 } }),
    pod("g", { metadata: { namespace: null } }),
    pod("a"),
    null,
  ];
  await withKubectl(printing({ items }), async (folder) => {
    assertEquals(await runningPods("ci", NODE), [
      { name: "a", namespace: "ns", container: "one", platforms: [] },
      { name: "b", namespace: "ns", container: "one", platforms: [] },
    ]);
    assertEquals(
      await Deno.readTextFile(`${folder}/words`),
      "get pods --selector=app=my-own-node --output=json\n",
    );
    await runningPods("ci", { ...NODE, driverOpts: { namespace: "far" } });
    assertStringIncludes(
      await Deno.readTextFile(`${folder}/words`),
      "--namespace=far",
    );
  });
  assertEquals(deploymentName(NODE), "my-own-node");
});

Deno.test("what a deployment is doing: its own words go before those of its pods", async () => {
  const deployment = (readyReplicas?: number, name = "my-own-node") => ({
    kind: "Deployment",
    metadata: { name },
    status: { readyReplicas },
  });
  const annotated = (words: unknown) =>
    pod("p", {
      metadata: { annotations: { "buildx.docker.com/platform": words } },
    });
  const platforms = async (words: unknown) => {
    let found: unknown;
    await withKubectl(printing({ items: [annotated(words)] }), async () => {
      found = (await deploymentOf("ci", NODE)).pods[0]!.platforms;
    });
    return found;
  };
  for (
    const [items, status, names] of [
      [[deployment(2), pod("b"), pod("a")], "running", "a b"],
      [[deployment(0), pod("a")], "stopped", "a"],
      [[deployment(undefined)], "stopped", ""],
      [[deployment(1)], "stopped", ""],
      [[], "inactive", ""],
      [[deployment(2, "another")], "inactive", ""],
      // Perhaps another kind of set made it.
      [[pod("a")], "running", "a"],
    ] as const
  ) {
    await withKubectl(printing({ items }), async (folder) => {
      const found = await deploymentOf("ci", NODE);
      assertEquals(
        [found.status, found.pods.map(({ name }) => name).join(" ")],
        [status, names],
      );
      assertStringIncludes(
        await Deno.readTextFile(`${folder}/words`),
        "get deployments,pods --selector=app=my-own-node",
      );
    });
  }
  assertEquals(await platforms("linux/arm64,linux/arm/v7"), [
    parsePlatform("linux/arm64"),
    parsePlatform("linux/arm/v7"),
  ]);
  for (const words of ["linux/arm64,/", 7, undefined]) {
    assertEquals(await platforms(words), []);
  }
  // Who may not look at deployments may look at pods.
  const script = `case "$*" in
*deployments*) echo forbidden >&2; exit 1 ;;
esac
${printing({ items: [pod("a")] })}`;
  await withKubectl(script, async () => {
    assertEquals((await deploymentOf("ci", NODE)).status, "running");
  });
  await withKubectl("echo no server >&2; exit 1", async () => {
    const error = await assertRejects(
      () => deploymentOf("ci", NODE),
      BuilderError,
    );
    assertStringIncludes(error.message, "kubectl says: no server");
  });
});

Deno.test("a builder is reached at its first pod, or at any, with the cluster that it was made for", async () => {
  const instance = {
    name: "ci",
    driver: "kubernetes",
    nodes: [NODE],
    dynamic: false,
  };
  const reach = async (
    endpoint: string,
    driverOpts: Record<string, string> = {},
    kubeconfig?: string,
  ) => {
    const env = { get: () => kubeconfig };
    const one = { ...NODE, endpoint, driverOpts };
    return (await reachNode(instance, one, { env })).address;
  };
  const at = (name: string) => `kube-pod://${name}?namespace=ns&container=one`;
  await withKubectl(
    printing({ items: [pod("b"), pod("a"), pod("c")] }),
    async () => {
      const sticky = "kubernetes:///ci?kubeconfig=/k";
      assertEquals(await reach("kubernetes:///ci"), at("a"));
      assertEquals(await reach(sticky, {}, "/k"), at("a"));
      for (const other of [undefined, "/other"]) {
        await assertRejects(
          () => reach(sticky, {}, other),
          BuilderError,
          "it was made with KUBECONFIG=/k; set the variable so",
        );
      }
      const { random } = Math;
      try {
        for (const [drawn, name] of [[0, "a"], [0.5, "b"], [0.99, "c"]]) {
          Math.random = () => drawn as number;
          assertEquals(
            await reach("kubernetes:///ci", { loadbalance: "random" }),
            at(name as string),
          );
        }
      } finally {
        Math.random = random;
      }
    },
  );
  await withKubectl(printing({ items: [] }), async () => {
    await assertRejects(
      () => reach("kubernetes:///ci"),
      BuilderError,
      "no pod of its deployment runs",
    );
  });
});

Deno.test("what kubectl does wrong is said in its words", async () => {
  for (
    const [script, words] of [
      ["echo no such server >&2; exit 1", "kubectl says: no such server"],
      ["exit 3", "kubectl says: exit code 3"],
      [
        "echo 'E1129 06:18:51.007856 7 memcache.go:265] x' >&2; echo refused >&2; exit 1",
        "kubectl says: refused",
      ],
      [
        "echo 'E1129 06:18:51.007856 7 memcache.go:265] x' >&2; exit 1",
        "kubectl says: E1129 06:18:51.007856 7 memcache.go:265] x",
      ],
      ["echo '{'", "is no list in JSON"],
      ["echo '{\"items\":{}}'", "is no list in JSON"],
      ["echo null", "is no list in JSON"],
    ] as const
  ) {
    await withKubectl(script, async () => {
      const error = await assertRejects(
        () => runningPods("ci", NODE),
        BuilderError,
      );
      assertStringIncludes(error.message, 'Cannot use builder "ci"');
      assertStringIncludes(error.message, words);
      assertEquals(error.builder, "ci");
    });
  }
});

Deno.test("an abort ends kubectl, and is the reason", async () => {
  await withKubectl("exec sleep 1000", async () => {
    const abort = new AbortController();
    const asked = runningPods("ci", NODE, abort.signal);
    abort.abort(new Error("enough"));
    await assertRejects(() => asked, Error, "enough");
  });
});

// What of a request BuildKit must be able to do, by the ids with which it tells
// (`util/apicaps`, `solver/pb/caps.go`). What it does not know it ignores
// without a word, so it is asked before.

import { cannotBuildWith } from "../cannot_build_with.ts";
import { capabilitiesOf } from "../../buildkit/ask_capabilities.ts";
import type { Control } from "../../buildkit/control.ts";
import type { Build } from "../build_way.ts";
import type { BuildRequest } from "../request.ts";

/** Something that only newer engines can do. */
interface Ability {
  /** What it is, in words that follow "Cannot build with". */
  readonly feature: string;
  /** BuildKit's id for it. */
  readonly id: string;
  /** Whether a request needs it. */
  readonly isNeeded: (request: BuildRequest) => boolean;
  /** What can be done without it. */
  readonly instead: string;
}

const ABILITIES: readonly Ability[] = [
  {
    feature: "several outputs",
    id: "exporter.multiple",
    isNeeded: ({ outputs }) => outputs.length > 1,
    instead: "build again for each output, which the cache makes cheap",
  },
  {
    feature: "attest",
    id: "exporter.image.attestations",
    // Those that are for an image alone are stored by containerd's store, and
    // every engine that has it (from 24 on) knows attestations.
    isNeeded: ({ attestations }) =>
      attestations.some(({ attrs }) => attrs["inline-only"] !== "true"),
    instead: "leave it out",
  },
  {
    feature: "annotations",
    id: "exporter.image.annotations",
    isNeeded: ({ annotations }) => annotations.length > 0,
    instead: "take labels",
  },
  {
    feature: "sourcePolicy",
    id: "source.policy",
    isNeeded: ({ sourcePolicy }) => sourcePolicy !== undefined,
    instead: "leave it out, and name the images by their digests",
  },
  {
    feature: "sourceDateEpoch",
    id: "exporter.sourcedateepoch",
    isNeeded: ({ sourceDateEpoch }) => sourceDateEpoch !== undefined,
    instead: "leave it out",
  },
  {
    feature: "cgroupparent",
    id: "exec.meta.cgroup.parent",
    isNeeded: ({ cgroupParent }) => cgroupParent !== undefined,
    instead: "leave it out",
  },
];

/**
 * Checks that BuildKit of this engine can do what is asked. It is asked only
 * where something depends on it, and once for an engine.
 *
 * @throws {UnsupportedError} If it can't.
 */
export async function checkAbilities(
  { host, request, stop }: Pick<Build, "host" | "request" | "stop">,
  control: Control,
): Promise<void> {
  const needed = ABILITIES.filter(({ isNeeded }) => isNeeded(request));
  if (needed.length === 0) return;
  const capabilities = await capabilitiesOf(
    await host.buildkit(),
    control,
    stop,
  );
  for (const { feature, id, instead } of needed) {
    const why = capabilities.reason(id);
    if (why === undefined) continue;
    throw cannotBuildWith(
      feature,
      `BuildKit of this engine can't do that (${why}); ${instead}, or use a newer engine`,
    );
  }
}

import type { CapabilityMessage } from "../proto/llbbridge.ts";

/** One thing that BuildKit may be able to do. */
export interface Capability {
  /** Whether it can do it here. */
  readonly enabled: boolean;
  /** Why it can't, in BuildKit's words; empty if it can, or gives no reason. */
  readonly reason: string;
}

/**
 * What BuildKit says that it can do, by its own ids: `exporter.multiple`,
 * `source.policy`, `exporter.image.attestations`. It is the test for a feature:
 * versions are none, because builds of distributions do not tell theirs.
 */
export class Capabilities {
  readonly #byId: ReadonlyMap<string, Capability>;

  /** Takes the lists of a `PongResponse`. */
  constructor(...lists: readonly (readonly CapabilityMessage[])[]) {
    this.#byId = new Map(
      lists.flat().map((
        { id, enabled, disabledReasonText, disabledReason },
      ) => [
        id,
        { enabled, reason: disabledReasonText || disabledReason },
      ]),
    );
  }

  /** Whether BuildKit can do this. What it does not know, it can't. */
  has(id: string): boolean {
    return this.#byId.get(id)?.enabled ?? false;
  }

  /** Why BuildKit can't do this; undefined if it can. */
  reason(id: string): string | undefined {
    const found = this.#byId.get(id);
    if (found === undefined) return `it does not know ${id}`;
    return found.enabled ? undefined : found.reason || `${id} is switched off`;
  }

  /** The ids that it knows, enabled or not. */
  ids(): string[] {
    return [...this.#byId.keys()];
  }
}

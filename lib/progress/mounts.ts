import { readFlags } from "./instruction_flags.ts";

/**
 * A mount for which a step asks the client: `RUN --mount=type=secret` or
 * `type=ssh`.
 */
export interface ClientMount {
  /** The type of the mount. */
  readonly type: "secret" | "ssh";
  /** The id of the secret or agent; undefined if it has a variable. */
  readonly id: string | undefined;
}

/** One field of a mount, with or without quotes, and the comma after it. */
const FIELD_REGEXP = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/gy;

/**
 * The fields of each `--mount` of a `RUN` instruction; the keys are in lower
 * case.
 */
export function readMounts(text: string): Map<string, string>[] {
  if (!/^\s*RUN\s/i.test(text)) return [];
  return readFlags(text).filter((flag) => flag.startsWith("--mount="))
    .map((flag) => {
      const fields = new Map<string, string>();
      const value = flag.slice("--mount=".length);
      for (const [, quoted, plain = ""] of value.matchAll(FIELD_REGEXP)) {
        const field = quoted?.replaceAll('""', '"') ?? plain;
        const cut = field.indexOf("=");
        if (cut === -1) continue;
        fields.set(field.slice(0, cut).toLowerCase(), field.slice(cut + 1));
      }
      return fields;
    });
}

/**
 * The secrets and ssh agents that a `RUN` instruction mounts. As in BuildKit
 * the id of a secret is its `id` or `source`, or otherwise the last part of its
 * `target`; the id of an agent is `default` if none is given.
 */
export function clientMounts(text: string): ClientMount[] {
  return readMounts(text).flatMap((fields): ClientMount[] => {
    const type = fields.get("type")?.toLowerCase() ?? "bind";
    const id = fields.get("id") || undefined;
    const mounts: ClientMount[] = [];
    const unsure = type.includes("$");
    if (type === "secret" || unsure) {
      const target = fields.get("target") ?? fields.get("dst") ??
        fields.get("destination");
      const name = id ?? fields.get("source") ?? fields.get("src") ??
        target?.replace(/\/+$/, "").replace(/^.*\//s, "");
      if (name) mounts.push({ type: "secret", id: fixed(name) });
    }
    if (type === "ssh" || unsure) {
      mounts.push({ type: "ssh", id: fixed(id ?? "default") });
    }
    return mounts;
  });
}

function fixed(id: string): string | undefined {
  return id.includes("$") ? undefined : id;
}

/** The instruction in a step's name: `RUN make` in `[build 2/3] RUN make`. */
export function instructionOf(name: string): string {
  return name.replace(/^\[[^\]]*\]\s*/, "").replace(/^ONBUILD\s+/i, "");
}

import { readFlags } from "./instruction_flags.ts";

/** What a step takes of the client: `RUN --mount=type=secret` or `type=ssh`. */
export interface ClientMount {
  /** What it takes. */
  readonly type: "secret" | "ssh";
  /** Its id; undefined where a variable stands in it. */
  readonly id: string | undefined;
}

/** One field of a mount, in quotes or not, with the comma behind it. */
const FIELD_REGEXP = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/gy;

/** The fields of each `--mount` of a `RUN` instruction, keys in lower case. */
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
 * The secrets and ssh agents that a `RUN` instruction mounts. As in BuildKit the
 * id of a secret is its `id` or `source`, else the last part of its `target`;
 * that of an agent is `default` unless given.
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

/** The instruction in a step's name, such as `[build 2/3] RUN make`. */
export function instructionOf(name: string): string {
  return name.replace(/^\[[^\]]*\]\s*/, "").replace(/^ONBUILD\s+/i, "");
}

// What the option `sourcePolicy` takes: the form of BuildKit's policy files
// (`sourcepolicy/pb/policy.proto`), with names in the way of JavaScript.

/** A condition on an attribute of a source. */
export interface SourcePolicyConstraint {
  /** Name of the attribute. */
  readonly key: string;
  /** The value that it is compared with. */
  readonly value: string;
  /**
   * How it is compared.
   *
   * @default {"EQUAL"}
   */
  readonly condition?: "EQUAL" | "NOTEQUAL" | "MATCHES" | undefined;
}

/** Which sources a rule is for. */
export interface SourcePolicySelector {
  /**
   * The source, as BuildKit writes it:
   * `docker-image://docker.io/library/alpine:*`, `https://…`, `git://…`,
   * `local://context`.
   */
  readonly identifier: string;
  /**
   * How the identifier is compared.
   *
   * @default {"WILDCARD"}
   */
  readonly matchType?: "WILDCARD" | "EXACT" | "REGEX" | undefined;
  /** Conditions that must hold, too. */
  readonly constraints?: readonly SourcePolicyConstraint[] | undefined;
}

/** What a rule puts in a source's place. */
export interface SourcePolicyUpdates {
  /** The other source; `$1` is what the first star matched. */
  readonly identifier?: string | undefined;
  /** Attributes of the source, such as `{ "http.checksum": "sha256:…" }`. */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
}

/** A rule about sources. */
export interface SourcePolicyRule {
  /** `CONVERT` puts another source in its place, and needs `updates`. */
  readonly action: "ALLOW" | "DENY" | "CONVERT";
  /** Which sources it is for. */
  readonly selector: SourcePolicySelector;
  /** What is put in their place. */
  readonly updates?: SourcePolicyUpdates | undefined;
}

/** Which sources a build may use; the last rule that fits a source counts. */
export interface SourcePolicy {
  /** Version of the form. */
  readonly version?: 1 | undefined;
  /** The rules. */
  readonly rules: readonly SourcePolicyRule[];
}

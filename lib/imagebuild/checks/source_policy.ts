// The check of the option `sourcePolicy`: which sources a build may use, in the
// form of BuildKit's policy files (`sourcepolicy/pb/policy.proto`).

import { checkOptionNames } from "../../option_names.ts";
import { isPlainObject } from "../../plain_object.ts";
import type {
  SourcePolicy,
  SourcePolicyConstraint,
  SourcePolicyRule,
  SourcePolicySelector,
  SourcePolicyUpdates,
} from "../source_policy.ts";
import { parseJson } from "./values.ts";

const ACTIONS = ["ALLOW", "DENY", "CONVERT"] as const;
const MATCH_TYPES = ["WILDCARD", "EXACT", "REGEX"] as const;
const CONDITIONS = ["EQUAL", "NOTEQUAL", "MATCHES"] as const;

const POLICY = { version: true, rules: true } satisfies Record<
  keyof SourcePolicy,
  true
>;
const RULE = { action: true, selector: true, updates: true } satisfies Record<
  keyof SourcePolicyRule,
  true
>;
const SELECTOR = {
  identifier: true,
  matchType: true,
  constraints: true,
} satisfies Record<keyof SourcePolicySelector, true>;
const CONSTRAINT = {
  key: true,
  value: true,
  condition: true,
} satisfies Record<keyof SourcePolicyConstraint, true>;
const UPDATES = { identifier: true, attrs: true } satisfies Record<
  keyof SourcePolicyUpdates,
  true
>;

/**
 * Checks the option `sourcePolicy`.
 *
 * @param given The policy, or the JSON of one, as BuildKit's tools take it from
 * a file (`match_type`, for example).
 * @throws {TypeError} If it has another form. A field that BuildKit does not
 * know is refused, since a rule without its condition would allow too much.
 */
export function checkSourcePolicy(given: string | SourcePolicy): SourcePolicy {
  const { version = 1, rules } = fields<SourcePolicy>(
    "",
    typeof given === "string" ? parseJson("sourcePolicy", given) : given,
    POLICY,
  );
  if (version !== 1) {
    throw unusable(`version ${JSON.stringify(version)}`, "expected 1");
  }
  if (!Array.isArray(rules)) throw unusable("rules", "expected a list");
  return { version, rules: rules.map(checkRule) };
}

function checkRule(given: unknown, index: number): SourcePolicyRule {
  const at = `rules[${index}]`;
  const { action, selector, updates } = fields<SourcePolicyRule>(
    at,
    given,
    RULE,
  );
  const checked = oneOf(`${at}.action`, action, ACTIONS);
  if ((checked === "CONVERT") !== (updates !== undefined)) {
    throw unusable(
      `${at}.updates`,
      "a rule has updates if its action is CONVERT, and no other has",
    );
  }
  return {
    action: checked,
    selector: checkSelector(`${at}.selector`, selector),
    ...(updates === undefined
      ? {}
      : { updates: checkUpdates(`${at}.updates`, updates) }),
  };
}

function checkSelector(at: string, given: unknown): SourcePolicySelector {
  const { identifier, matchType = "WILDCARD", constraints = [] } = fields<
    SourcePolicySelector
  >(at, given, SELECTOR);
  if (!Array.isArray(constraints)) {
    throw unusable(`${at}.constraints`, "expected a list");
  }
  return {
    identifier: text(`${at}.identifier`, identifier),
    matchType: oneOf(`${at}.matchType`, matchType, MATCH_TYPES),
    constraints: constraints.map((each, index) =>
      checkConstraint(`${at}.constraints[${index}]`, each)
    ),
  };
}

function checkConstraint(at: string, given: unknown): SourcePolicyConstraint {
  const { key, value, condition = "EQUAL" } = fields<SourcePolicyConstraint>(
    at,
    given,
    CONSTRAINT,
  );
  return {
    key: text(`${at}.key`, key),
    value: text(`${at}.value`, value),
    condition: oneOf(`${at}.condition`, condition, CONDITIONS),
  };
}

function checkUpdates(at: string, given: unknown): SourcePolicyUpdates {
  const { identifier, attrs = {} } = fields<SourcePolicyUpdates>(
    at,
    given,
    UPDATES,
  );
  if (!isPlainObject(attrs)) {
    throw unusable(`${at}.attrs`, "expected an object of names to text");
  }
  for (const [name, value] of Object.entries(attrs)) {
    text(`${at}.attrs[${JSON.stringify(name)}]`, value);
  }
  return {
    ...(identifier === undefined
      ? {}
      : { identifier: text(`${at}.identifier`, identifier) }),
    attrs: { ...attrs },
  };
}

/**
 * An object with these fields alone; in JSON their names may be written with
 * `_`, as in BuildKit's files.
 */
function fields<T>(
  at: string,
  given: unknown,
  known: Readonly<Record<string, true>>,
): Partial<T> {
  const action = `use ${["sourcePolicy", at].filter(Boolean).join(" ")}`;
  if (!isPlainObject(given)) {
    checkOptionNames(action, given, known);
  }
  const object = Object.fromEntries(
    Object.entries(given as object).map(([name, value]) => [
      name === "match_type" ? "matchType" : name,
      value,
    ]),
  );
  checkOptionNames(action, object, known);
  return object as Partial<T>;
}

function text(at: string, value: unknown): string {
  if (typeof value !== "string" || value === "" || /[\0\r\n]/.test(value)) {
    throw unusable(at, "expected one line of text");
  }
  return value;
}

function oneOf<T extends string>(
  at: string,
  value: unknown,
  known: readonly T[],
): T {
  const found = known.find((each) => each === value);
  if (found !== undefined) return found;
  throw unusable(
    `${at} ${JSON.stringify(value)}`,
    `expected one of ${known.join(", ")}`,
  );
}

function unusable(at: string, why: string): TypeError {
  return new TypeError(`Cannot use sourcePolicy ${at}: ${why}`);
}

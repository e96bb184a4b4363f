import type {
  AttestOptions,
  ProvenanceOptions,
  SbomOptions,
} from "../imagebuild/attest_options.ts";
import { UsageError } from "./exit.ts";
import { fieldsOf } from "./fields.ts";
import { type ParsedWords, parseSwitch, SWITCHES } from "./flag.ts";

/** The types of attestations, which are also the names of their own flags. */
const TYPES = ["provenance", "sbom"] as const;

/** Fields of an attestation, by their names. */
type Fields = ReadonlyMap<string, string>;

/**
 * Reads `--attest`, `--provenance` and `--sbom` into the option `attest`.
 *
 * @returns An attestation that is turned off is `false`; one that no flag names
 * is left out.
 * @throws {UsageError} If a value can't be used, or a type is given twice.
 */
export function attestOptions(parsed: ParsedWords): AttestOptions {
  const attest: { -readonly [T in keyof AttestOptions]: AttestOptions[T] } = {};
  for (const [flag, type, fields] of attestations(parsed)) {
    if (attest[type] !== undefined) {
      throw new UsageError(
        `${flag}: ${type} is given twice; buildx obeys the first alone`,
      );
    }
    if (isOff(flag, fields)) attest[type] = false;
    else if (type === "provenance") attest[type] = provenance(flag, fields);
    else attest[type] = sbom(flag, fields);
  }
  return attest;
}

function* attestations(
  parsed: ParsedWords,
): Generator<[flag: string, type: typeof TYPES[number], Fields]> {
  for (const word of parsed.list("attest")) {
    const fields = new Map(fieldsOf("--attest", word));
    const type = TYPES.find((type) => type === fields.get("type"));
    if (type === undefined) {
      throw new UsageError(
        `--attest has type ${
          JSON.stringify(fields.get("type") ?? "")
        }: expected provenance or sbom, as type=provenance,mode=max`,
      );
    }
    yield ["--attest", type, fields];
  }
  for (const type of TYPES) {
    const word = parsed.text(type);
    if (word === undefined) continue;
    const flag = `--${type}`;
    if (Object.hasOwn(SWITCHES, word)) {
      yield [flag, type, new Map([["disabled", `${!SWITCHES[word]}`]])];
    } else yield [flag, type, new Map(fieldsOf(flag, word))];
  }
}

function isOff(flag: string, fields: Fields): boolean {
  const disabled = fields.get("disabled");
  return disabled !== undefined && parseSwitch(`${flag} disabled`, disabled);
}

/** How each field of a provenance is read into its option. */
const PROVENANCE: Readonly<
  Record<string, (flag: string, value: string) => ProvenanceOptions>
> = {
  // BuildKit takes "full" for "max", too.
  "mode": (_, value) => ({
    mode: (value === "full" ? "max" : value) as "max",
  }),
  "builder-id": (_, builderId) => ({ builderId }),
  "filename": (_, filename) => ({ filename }),
  "inline-only": (flag, value) => ({ inlineOnly: parseSwitch(flag, value) }),
  "reproducible": (flag, value) => ({
    reproducible: parseSwitch(flag, value),
  }),
  "version": (_, value) => ({ version: value as "v1" }),
};

function provenance(flag: string, fields: Fields): ProvenanceOptions {
  // Without a mode, BuildKit records as much as with "max".
  const options: ProvenanceOptions[] = [{ mode: "max" }];
  for (const [name, value] of fields) {
    if (name === "type" || name === "disabled") continue;
    const read = Object.hasOwn(PROVENANCE, name) ? PROVENANCE[name] : undefined;
    if (read === undefined) {
      throw new UsageError(
        `${flag} has no field ${
          JSON.stringify(name)
        } for a provenance: expected one of ${
          Object.keys(PROVENANCE).join(", ")
        }`,
      );
    }
    options.push(read(`${flag} ${name}`, value));
  }
  return Object.assign({}, ...options);
}

function sbom(flag: string, fields: Fields): SbomOptions | true {
  const { type: _, disabled: __, generator, ...parameters } = Object
    .fromEntries(fields);
  if (generator === "") {
    throw new UsageError(`${flag} generator needs the name of an image`);
  }
  const options = {
    ...(generator === undefined ? {} : { generator }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
  return Object.keys(options).length === 0 ? true : options;
}

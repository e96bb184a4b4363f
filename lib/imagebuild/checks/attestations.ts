// The check of the option `attest`: what is recorded about an image beside it.

import { checkOptionNames } from "../../option_names.ts";
import { isPlainObject } from "../../plain_object.ts";
import type {
  AttestOptions,
  ProvenanceOptions,
  SbomOptions,
} from "../attest_options.ts";

/** An attestation that was asked for. */
export interface RequestedAttestation {
  /** `provenance` (how it was built) or `sbom` (what it is made of). */
  readonly type: "provenance" | "sbom";
  /**
   * Parameters for BuildKit, by its names, such as `{ mode: "max" }`; they hold
   * no NUL and no line end.
   */
  readonly attrs: Readonly<Record<string, string>>;
}

const ATTEST_OPTIONS = {
  provenance: true,
  sbom: true,
} satisfies Record<keyof AttestOptions, true>;

const PROVENANCE_OPTIONS = {
  mode: true,
  builderId: true,
  filename: true,
  inlineOnly: true,
  reproducible: true,
  version: true,
} satisfies Record<keyof ProvenanceOptions, true>;

const SBOM_OPTIONS = {
  generator: true,
  parameters: true,
} satisfies Record<keyof SbomOptions, true>;

/**
 * A reference to an image, with a tag, a digest, or both. Only what no registry
 * takes is refused; the engine has the last word.
 */
const IMAGE_REGEXP = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]*$/;

/** Name of a parameter of a generator. */
const PARAMETER_REGEXP = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Parameters that have a meaning of their own. */
const OWN_NAMES: readonly string[] = ["disabled", "generator", "type"];

/**
 * Checks the option `attest`.
 *
 * @returns The attestations; none where nothing is asked for.
 * @throws {TypeError} If it has another form.
 */
export function checkAttest(given: AttestOptions): RequestedAttestation[] {
  checkOptionNames("build with attest", given, ATTEST_OPTIONS);
  const { provenance = false, sbom = false } = given;
  return [
    ...(provenance === false ? [] : [checkProvenance(provenance)]),
    ...(sbom === false ? [] : [checkSbom(sbom)]),
  ];
}

function checkProvenance(
  given: Exclude<AttestOptions["provenance"], false | undefined>,
): RequestedAttestation {
  const options = typeof given === "string" ? { mode: given } : given;
  if (!isPlainObject(options)) {
    throw new TypeError(
      'Cannot use attest.provenance: expected "min", "max", an object, or false',
    );
  }
  checkOptionNames("build with provenance", options, PROVENANCE_OPTIONS);
  const {
    mode = "min",
    builderId,
    filename,
    inlineOnly,
    reproducible,
    version,
  } = options;
  if (!["min", "max"].includes(mode)) {
    throw new TypeError(
      `Cannot use attest.provenance mode ${
        JSON.stringify(mode)
      }: expected "min" or "max"`,
    );
  }
  if (version !== undefined && !["v0.2", "v1"].includes(version)) {
    throw new TypeError(
      `Cannot use attest.provenance version ${
        JSON.stringify(version)
      }: expected "v0.2" or "v1"`,
    );
  }
  return {
    type: "provenance",
    attrs: {
      mode,
      ...text("provenance.builderId", "builder-id", builderId),
      ...fileName(filename),
      ...flag("provenance.inlineOnly", "inline-only", inlineOnly),
      ...flag("provenance.reproducible", "reproducible", reproducible),
      ...(version === undefined ? {} : { version }),
    },
  };
}

function checkSbom(
  given: Exclude<AttestOptions["sbom"], false | undefined>,
): RequestedAttestation {
  if (given === true) return { type: "sbom", attrs: {} };
  if (!isPlainObject(given)) {
    throw new TypeError(
      "Cannot use attest.sbom: expected true, { generator }, or false",
    );
  }
  checkOptionNames("build with sbom", given, SBOM_OPTIONS);
  const { generator, parameters = {} } = given;
  if (
    generator !== undefined &&
    (typeof generator !== "string" || !IMAGE_REGEXP.test(generator))
  ) {
    throw new TypeError(
      `Cannot use attest.sbom generator ${
        JSON.stringify(generator)
      }: expected the name of an image`,
    );
  }
  return {
    type: "sbom",
    attrs: {
      ...(generator === undefined ? {} : { generator }),
      ...checkParameters(parameters),
    },
  };
}

function checkParameters(
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (!isPlainObject(given)) {
    throw new TypeError(
      "Cannot use attest.sbom parameters: expected an object of names to text",
    );
  }
  for (const [name, value] of Object.entries(given)) {
    if (!PARAMETER_REGEXP.test(name) || OWN_NAMES.includes(name)) {
      throw new TypeError(
        `Cannot use attest.sbom parameter ${
          JSON.stringify(name)
        }: that is no name for one`,
      );
    }
    if (value !== "") {
      text(`sbom parameter ${JSON.stringify(name)}`, name, value);
    }
  }
  return { ...given };
}

/** One line of text, for a parameter of the protocol. */
function text(
  option: string,
  name: string,
  value: string | undefined,
): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== "string" || value === "" || /[\0\r\n]/.test(value)) {
    throw new TypeError(
      `Cannot use attest.${option}: expected one line of text`,
    );
  }
  return { [name]: value };
}

function fileName(value: string | undefined): Readonly<Record<string, string>> {
  const checked = text("provenance.filename", "filename", value);
  if (value !== undefined && /[/\\]|^\.\.?$/.test(value)) {
    throw new TypeError(
      `Cannot use attest.provenance.filename ${
        JSON.stringify(value)
      }: expected a name without a path`,
    );
  }
  return checked;
}

function flag(
  option: string,
  name: string,
  value: boolean | undefined,
): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (typeof value !== "boolean") {
    throw new TypeError(`Cannot use attest.${option}: expected true or false`);
  }
  return { [name]: `${value}` };
}

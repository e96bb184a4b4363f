// The check of the option `verify`: whether the result of this build can be
// searched for secrets.

import { checkOptionNames } from "../../option_names.ts";
import type { BuildVerifyOptions } from "../verify_options.ts";
import { isImage, isPushed, type RequestedOutput } from "./requested_output.ts";

const VERIFY_OPTIONS = {
  keepTags: true,
  strict: true,
  ignore: true,
} satisfies Record<keyof BuildVerifyOptions, true>;

/** What decides whether a result can be searched for secrets. */
interface Verifiable {
  readonly builder: "buildkit" | "classic";
  /** Where the result goes; empty for the engine's image store. */
  readonly outputs: readonly RequestedOutput[];
  readonly hasSecrets: boolean;
}

/**
 * Checks, before anything is sent, that the option can be obeyed.
 *
 * @returns How the result is searched; undefined if it is not.
 * @throws {TypeError} If it can't be searched.
 */
export function checkVerify(
  verify: boolean | BuildVerifyOptions | undefined,
  { builder, outputs, hasSecrets }: Verifiable,
): BuildVerifyOptions | undefined {
  if (verify === undefined || verify === false) return undefined;
  if (verify !== true) checkOptionNames("verify", verify, VERIFY_OPTIONS);
  const options = verify === true ? {} : verify;
  if (outputs.some(isPushed)) {
    throw new TypeError(
      "Cannot verify an image that the engine pushes: it is in the registry before it can be looked through; build, verify, then imagePush()",
    );
  }
  if (builder === "classic") {
    throw new TypeError(
      'Cannot verify: the classic builder (version "1") knows no secrets',
    );
  }
  if (!hasSecrets) {
    throw new TypeError(
      "Cannot verify without secrets: there is nothing to look for, and nothing would be proven; give secrets, or leave verify out",
    );
  }
  if (outputs.some(({ layout }) => layout !== undefined)) {
    throw new TypeError(
      "Cannot verify an image that is written into a folder (tar: false): its blobs are there before it can be looked through; export an archive, or look through the folder with verifySecrets()",
    );
  }
  if (outputs.some(({ exporter }) => exporter?.canStage === false)) {
    throw new TypeError(
      "Cannot verify what goes to a stream: it can't be taken back; export to a file, or look through it with verifySecrets()",
    );
  }
  const isFound = outputs.length === 0 ||
    outputs.some((output) => isImage(output) || output.exporter !== undefined);
  if (isFound) return options;
  throw new TypeError(
    `Cannot verify: output ${
      JSON.stringify(outputs[0]?.type)
    } leaves nothing to look through`,
  );
}

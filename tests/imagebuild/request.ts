import * as annotations from "../../lib/imagebuild/checks/annotations.ts";
import * as attestations from "../../lib/imagebuild/checks/attestations.ts";
import * as cache from "../../lib/imagebuild/checks/cache.ts";
import * as imageOutput from "../../lib/imagebuild/checks/image_output.ts";
import * as inlineCache from "../../lib/imagebuild/checks/inline_cache.ts";
import * as names from "../../lib/imagebuild/checks/names.ts";
import * as output from "../../lib/imagebuild/checks/output.ts";
import type { RareChecks } from "../../lib/imagebuild/checks/rare_checks.ts";
import * as sourcePolicy from "../../lib/imagebuild/checks/source_policy.ts";
import * as verify from "../../lib/imagebuild/checks/verify.ts";
import { requestWith } from "../../lib/imagebuild/check_request.ts";
import type { BuildRequest } from "../../lib/imagebuild/request.ts";

const ALL: Required<RareChecks> = {
  annotations,
  attestations,
  cache,
  imageOutput,
  inlineCache,
  names,
  output,
  sourcePolicy,
  verify,
};

type Given = Parameters<typeof requestWith> extends [RareChecks, ...infer Rest]
  ? Rest
  : never;

/** The request of a build, at once: all checks are loaded. */
export function checkRequest(...given: Given): BuildRequest {
  return requestWith(ALL, ...given);
}

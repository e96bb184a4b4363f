import { checkOptionNames } from "../option_names.ts";
import type { SecretFind } from "../verify/find.ts";
import type { CheckedOutput } from "./check.ts";
import type { ImageBuildOptions } from "./options.ts";
import type { BuildPlan } from "./plan.ts";

/** How a build's result is looked through. */
export interface BuildVerifyOptions {
  /**
   * Whether the image keeps its names when secrets were found in it.
   *
   * @default {false}
   */
  readonly keepTags?: boolean | undefined;
  /**
   * Whether the build fails, too, where something could not be looked through,
   * or a secret not be looked for; otherwise that is a warning.
   *
   * @default {false}
   */
  readonly strict?: boolean | undefined;
  /** Says of a find that it is none: a line of a secret that anybody may write, for example. */
  readonly ignore?: ((find: SecretFind) => boolean) | undefined;
}

const VERIFY_OPTIONS = {
  keepTags: true,
  strict: true,
  ignore: true,
} satisfies Record<keyof BuildVerifyOptions, true>;

/** Whether the engine pushes by itself (BuildKit's exporter `image`). */
function isPushed({ type, attrs }: CheckedOutput): boolean {
  if (type === "registry") return true;
  return ["push", "push-by-digest"].some((name) => {
    const value = attrs[name] ?? "false";
    // As Go's strconv.ParseBool has it; an empty one is true.
    return !["0", "f", "F", "false", "FALSE", "False"].includes(String(value));
  });
}

/**
 * Checks that the options can be obeyed, before anything is sent.
 *
 * @throws {TypeError} If they can not.
 */
export function checkVerify(plan: BuildPlan, options: ImageBuildOptions): void {
  const { verify = false } = options;
  if (typeof verify !== "boolean") {
    checkOptionNames("verify", verify, VERIFY_OPTIONS);
  }
  if (verify === false) return;
  const { output } = plan;
  if (output !== undefined && isPushed(output)) {
    throw new TypeError(
      "Cannot verify an image that the engine pushes: it is in the registry before it can be looked through; build, verify, then imagePush()",
    );
  }
  if (plan.version === "1") {
    throw new TypeError(
      'Cannot verify: the classic builder (version "1") knows no secrets',
    );
  }
  if (Object.keys(options.secrets ?? {}).length === 0) {
    throw new TypeError(
      "Cannot verify without secrets: there is nothing to look for, and nothing would be proven; give secrets, or leave verify out",
    );
  }
  if (output?.exporter === undefined) {
    if (plan.makesImage) return;
    throw new TypeError(
      `Cannot verify: output ${
        JSON.stringify(output?.type)
      } leaves nothing to look through`,
    );
  }
  if (output.exporter.canStage) return;
  throw new TypeError(
    "Cannot verify what goes to a stream: it can't be taken back; export to a file, or look through it with verifySecrets()",
  );
}

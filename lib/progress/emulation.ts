// What an engine says of a program that its processor can't run is `exec format
// error` alone, in the log of the step.

/** The words of the kernel, in the log of a step or in the engine's error. */
const WORDS = /exec format error/i;

/** A step that failed. */
interface FailedStep {
  /** Its name, such as `[linux/arm64 2/3] RUN make`. */
  readonly name?: string | undefined;
  /** The last lines that it printed. */
  readonly log?: readonly string[] | undefined;
}

/**
 * What a failed step means whose program can't be run: mostly that the build is
 * for a platform that needs emulation, and that there is none.
 *
 * @param detail The engine's error.
 * @param platforms The platforms of the build; none for the engine's own.
 * @returns Undefined where the step failed for another reason.
 */
export function emulationHint(
  { name = "", log = [] }: FailedStep,
  detail: string,
  platforms: readonly string[],
): string | undefined {
  if (![detail, ...log].some((line) => WORDS.test(line))) return undefined;
  const platform = platformOfStep(name) ??
    (platforms.length === 1 ? platforms[0] : undefined);
  const what =
    "the engine's machine can't run this program (exec format error): ";
  if (platform === undefined) {
    return `${what}it is made for another processor, or it is a script whose first line names no interpreter (#!)`;
  }
  const [, architecture] = platform.split("/");
  return `${what}steps for ${platform} need emulation there (QEMU in binfmt_misc) unless that is its own platform; install it with "docker run --privileged --rm tonistiigi/binfmt --install ${architecture}", build on a machine of that platform, or compile for it in a stage "FROM --platform=$BUILDPLATFORM"`;
}

/**
 * The platform that a step runs on, which BuildKit puts in the names of the
 * steps of a build for several: `[linux/arm64 2/3]`, and
 * `[linux/amd64->arm64 build 2/3]` where it builds on one for another.
 */
function platformOfStep(name: string): string | undefined {
  return /^\[(\w+\/\w+(?:\/\w+)?)(?:->\S+)? /.exec(name)?.[1];
}

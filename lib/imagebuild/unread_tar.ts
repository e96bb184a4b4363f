// Engines before 28 with containerd's image store can't read the tar in the body
// of `POST /build`: their BuildKit asks the network for it (moby, issue 47717).

/** The name under which an engine offers the body to its BuildKit. */
const WORDS = /^failed to read downloaded context: .*"http:\/\/build-context-/;

/**
 * What can be done where an engine can't read the tar that it was sent.
 *
 * @param detail The engine's error.
 * @returns Undefined where the build failed for another reason.
 */
export function unreadTarHint(detail: string): string | undefined {
  if (!WORDS.test(detail)) return undefined;
  return "this engine keeps images in containerd's store, and can not read a tar that comes with POST /build (engines from 28 on can): give the context as a folder, or take BuildKit's own API (api \"buildkit\", or --api buildkit)";
}

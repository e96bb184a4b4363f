import { BuilderError } from "./builder_error.ts";

/** Names of builders and of their nodes (buildx, `store.ValidateName`). */
const NAME_REGEXP = /^[a-zA-Z][a-zA-Z0-9._-]*$/;

/** Whether a builder or a node may have this name. */
export function isBuilderName(name: string): boolean {
  return NAME_REGEXP.test(name);
}

/**
 * The name of a builder, as its files have it: in lower case.
 *
 * @throws {BuilderError} If no builder can have this name.
 */
export function builderName(name: string): string {
  if (isBuilderName(name)) return name.toLowerCase();
  throw new BuilderError(
    name,
    `Cannot use builder ${
      JSON.stringify(name)
    }: a name starts with a letter, and has only letters, digits, ".", "_" and "-"`,
  );
}

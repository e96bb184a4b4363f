/** A source of environment variables; `Deno.env` is one. */
export interface Environment {
  /** The variable's value, or undefined when it is not set. */
  get(name: string): string | undefined;
}

/**
 * The variables of this process. One that Deno's permissions do not allow to
 * read counts as not set, and no prompt appears.
 */
export const grantedEnvironment: Environment = {
  get(name) {
    const asked = { name: "env", variable: name } as const;
    const { state } = Deno.permissions.querySync(asked);
    return state === "granted" ? Deno.env.get(name) : undefined;
  },
};

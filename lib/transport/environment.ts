/** Where environment variables come from; `Deno.env` has this form. */
export interface Environment {
  /** The variable's value, or undefined when it is not set. */
  get(name: string): string | undefined;
}

/**
 * This process's variables, as far as it may read them: one that Deno's
 * permissions keep closed counts as not set, and nobody is asked for it.
 */
export const grantedEnvironment: Environment = {
  get(name) {
    const asked = { name: "env", variable: name } as const;
    const { state } = Deno.permissions.querySync(asked);
    return state === "granted" ? Deno.env.get(name) : undefined;
  },
};

/** Where environment variables come from; `Deno.env` has this form. */
export interface Environment {
  /** The variable's value, or undefined when it is not set. */
  get(name: string): string | undefined;
}

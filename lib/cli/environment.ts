/**
 * A variable that only changes how something is done: where this program may
 * not read it, it counts as not set, and no permission is asked for.
 */
export function optionalVariable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}

/**
 * Changes variables of this program until it is disposed of.
 *
 * @param variables Their values; a variable without one is taken away.
 */
export function changedEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): Disposable {
  const put = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
  const before = Object.fromEntries(
    Object.keys(variables).map((name) => [name, Deno.env.get(name)]),
  );
  put(variables);
  return { [Symbol.dispose]: () => put(before) };
}

// Fields of an object of options: there where a value is, and else left out.

export function given<Name extends string, T>(
  name: Name,
  value: T | undefined,
): { [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: T };
}

export function some<Name extends string, T extends object>(
  name: Name,
  value: T,
): { [N in Name]?: T } {
  return given(name, Object.keys(value).length === 0 ? undefined : value);
}

export function many<Name extends string, T>(
  name: Name,
  value: readonly T[],
): { [N in Name]?: readonly T[] } {
  return given(name, value.length === 0 ? undefined : value);
}

// `env=` of a secret mount came with Dockerfile 1.10, which the engines of 28
// have in them. An older frontend ends at the unknown key.

/** The frontend's words for it. */
const WORDS = /unexpected key 'env' in 'env=(\w+)'/;

/**
 * What can be done where a Dockerfile wants a secret as a variable, and the
 * engine's frontend does not know that.
 *
 * @param detail The engine's error.
 * @returns Undefined where the build failed for another reason.
 */
export function secretVariableHint(detail: string): string | undefined {
  const variable = WORDS.exec(detail)?.[1];
  if (variable === undefined) return undefined;
  return `this engine gives secrets to steps as files alone (engines from 28 on as variables, too): leave out env=${variable}, and begin the step with: export ${variable}="$(cat /run/secrets/ID)" &&`;
}

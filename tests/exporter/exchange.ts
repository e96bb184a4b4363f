/** Whatever is asked of the system for a folder that is written. */
const CALLS = [
  "chmodSync",
  "linkSync",
  "lstat",
  "lstatSync",
  "mkdir",
  "mkdirSync",
  "open",
  "openSync",
  "readDir",
  "readDirSync",
  "realPath",
  "remove",
  "rename",
  "renameSync",
  "stat",
  "statSync",
  "utimeSync",
  "writeFileSync",
] as const;

/**
 * Runs something while somebody else exchanges a folder for a link, once,
 * directly before the call of this number. Calls count from when the place was
 * found: links that are there before are followed.
 *
 * @returns Whether there was such a call.
 */
export async function exchangedAt(
  number: number,
  exchange: () => void,
  run: () => Promise<unknown>,
): Promise<boolean> {
  const originals = Object.fromEntries(CALLS.map((name) => [name, Deno[name]]));
  let count = -1;
  const wrapped = Object.entries(originals).map(([name, call]) => [
    name,
    (...given: never[]) => {
      if (count >= 0 && count++ === number) {
        Object.assign(Deno, originals);
        exchange();
      }
      if (name === "realPath" && count < 0) count = 0;
      return (call as (...given: never[]) => unknown)(...given);
    },
  ]);
  Object.assign(Deno, Object.fromEntries(wrapped));
  try {
    await run();
  } finally {
    Object.assign(Deno, originals);
  }
  return count > number;
}

/** Sets permissions, where the system has them. */
export function setMode(path: string, mode: number): void {
  if (Deno.build.os !== "windows") Deno.chmodSync(path, mode);
}

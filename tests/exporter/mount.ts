/** Whether file systems can be mounted here. */
export const canMount: boolean = Deno.build.os === "linux" && Deno.uid() === 0;

/** Mounts a small file system in memory over a folder, which is its owner's alone to write. */
export async function mountTmpfs(
  folder: string,
  options: string,
): Promise<AsyncDisposable> {
  return await mount(
    ...["-t", "tmpfs", "-o", `mode=755,${options}`, "tmpfs", folder],
  );
}

/** Mounts with these arguments, of which the last is the folder. */
export async function mount(...args: string[]): Promise<AsyncDisposable> {
  await command("mount", ...args);
  return {
    async [Symbol.asyncDispose]() {
      await command("umount", args.at(-1)!);
    },
  };
}

async function command(name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Real source trees: npm packages, unpacked, with an ignore file each. */
export const SOURCE_TREES: Readonly<Record<string, string>> = {
  "@bufbuild/protobuf@2.17.0": "**/*.d.ts\n!dist/esm/wire/*.d.ts\ndist/cjs\n",
  "typescript@5.4.3": "lib/*/\n**/*.json\n!package.json\n*.md\n",
  "undici-types@7.24.6": "*.d.ts\n!i*.d.ts\n",
  "lodash@4.17.21": "fp\n_*\n!_base*.js\n",
  "rxjs@7.8.1": "src/**/*.ts\n!src/internal/operators\ndist/**/cjs\n",
};

/** Fetches a package as npm gives it, and unpacks it. */
export async function unpackPackage(name: string, into: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", {
    args: [
      "-ec",
      'npm pack --silent "$1" >/dev/null && tar -xzf ./*.tgz && rm ./*.tgz',
      "sh",
      name,
    ],
    cwd: into,
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

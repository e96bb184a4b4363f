// Builds from a tar that @std/tar makes. @std/tar has limits: paths have at most
// 256 bytes, and there are no symbolic links. This file is left out of the type
// checks of davit, because its `jsr:` import can't be resolved where only npm can
// be reached.
//
// deno run -A examples/std_tar.ts

// deno-lint-ignore no-import-prefix
import { TarStream, type TarStreamInput } from "jsr:@std/tar@^0.1.9";
import { DockerClient } from "@davit/build";

const dockerfile = new TextEncoder().encode("FROM scratch\nLABEL made=here\n");
const tar = ReadableStream.from<TarStreamInput>([{
  type: "file",
  path: "Dockerfile",
  size: dockerfile.length,
  readable: ReadableStream.from([dockerfile]),
}]).pipeThrough(new TarStream());

await using docker = await DockerClient.fromDockerConfig();
const build = docker.imageBuild(tar, { tag: "davit-example:std-tar" });
// deno-lint-ignore no-console
console.log(await build.wait());

// A context made with @std/tar. This file is left out of the type checks: its
// `jsr:` import can not be resolved where only npm is in reach. Mind its limits:
// paths of up to 256 bytes, and no symbolic links.
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

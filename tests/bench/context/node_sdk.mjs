/**
 * Builds a directory by @docker/node-sdk: the client `node-sdk` of the
 * benchmark. The stream is handed over as in the SDK's own test of builds.
 *
 *     node node_sdk.mjs PATH TAG      (in the folder with its node_modules)
 */
import process from "node:process";
import { Readable } from "node:stream";
import { packDirectory, require } from "./pack_directory.mjs";

const { DockerClient } = require("@docker/node-sdk");
const [path, tag] = process.argv.slice(2);

const docker = await DockerClient.fromDockerHost(process.env.DOCKER_HOST);
const began = performance.now();
const context = Readable.toWeb(packDirectory(path), {
  strategy: { highWaterMark: 16384 },
});
await docker.imageBuild(context, { tag }).wait();
const milliseconds = performance.now() - began;
process.stdout.write(`${JSON.stringify({ milliseconds })}\n`);
await docker.close();

/**
 * Builds a directory by dockerode, as its example for BuildKit does: the client
 * `dockerode` of the benchmark.
 *
 *     node dockerode.mjs PATH TAG      (in the folder with its node_modules)
 */
import process from "node:process";
import { packDirectory, require } from "./pack_directory.mjs";

const Docker = require("dockerode");
const [path, tag] = process.argv.slice(2);

const docker = new Docker({
  socketPath: process.env.DOCKER_HOST.slice("unix://".length),
});
const began = performance.now();
const stream = await docker.buildImage(packDirectory(path), {
  t: tag,
  version: "2",
});
const messages = await new Promise((resolve, reject) => {
  docker.followProgress(
    stream,
    (error, result) => error ? reject(error) : resolve(result),
  );
});
const milliseconds = performance.now() - began;
const failed = messages.find((message) => message.error !== undefined);
if (failed !== undefined) throw new Error(failed.error);
process.stdout.write(`${JSON.stringify({ milliseconds })}\n`);

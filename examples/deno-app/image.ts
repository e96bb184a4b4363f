// deno-lint-ignore no-import-prefix -- a program of its own, without the app's deno.json
import { displayBuild, DockerClient } from "jsr:@davit/build@0";

// Where the token comes from: the developer's own .npmrc, or a variable.
const { dockerfile, secrets } = Deno.args.includes("--env")
  ? {
    dockerfile: "env.Dockerfile",
    secrets: { npm_token: { env: "NPM_TOKEN" } },
  }
  : {
    dockerfile: "Dockerfile",
    secrets: { npmrc: { file: `${Deno.env.get("HOME")}/.npmrc` } },
  };

try {
  await using docker = await DockerClient.fromDockerConfig();
  const build = docker.imageBuild(new URL(".", import.meta.url), {
    tag: "acme-app",
    dockerfile,
    secrets,
    strictSecrets: true, // a step that misses its secret: an error, before the first step
    verify: true, // an image that holds the token: an error, and the image loses its name
  });
  await displayBuild(build);
  const { imageId, verification } = await build.result();
  console.log(imageId);
  console.log(`The token is in none of its ${verification?.bytes} bytes.`);
} catch (error) {
  console.error(`${error}`);
  Deno.exitCode = 1;
}

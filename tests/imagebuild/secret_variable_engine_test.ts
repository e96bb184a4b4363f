import { BuildError } from "../../mod.ts";
import { secretVariableHint } from "../../lib/imagebuild/secret_variable.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";

const FROM = `FROM davit-test/base\n${SALT}`;
const WORDS =
  'begin the step with: export NPM_TOKEN="$(cat /run/secrets/ID)" &&';

engineTest(
  "an older engine's word about a secret as a variable comes with a way that it knows",
  async ({ docker }) => {
    const build = (step: string) =>
      docker.imageBuild(dockerfileTar(FROM, step), {
        networkmode: "none",
        secrets: { t: "a token" },
        strictSecrets: true,
      }).wait();
    const mount = "RUN --mount=type=secret,id=t";
    const error = await assertRejects(
      () => build(`${mount},env=NPM_TOKEN test "$NPM_TOKEN" = "a token"`),
      BuildError,
    );
    assertStringIncludes(error.message, WORDS);
    await build(
      `${mount} export NPM_TOKEN="$(cat /run/secrets/t)" && test "$NPM_TOKEN" = "a token"`,
    );
  },
  (engine) => !isRecent(engine),
);

Deno.test("secretVariableHint() is for the frontend's error about env= alone", () => {
  const error = (key: string) =>
    `dockerfile parse error line 8: unexpected key '${key}' in '${key}=NPM_TOKEN'`;
  assert(secretVariableHint(error("env"))?.endsWith(WORDS));
  assertEquals(secretVariableHint(error("envv")), undefined);
  assertEquals(secretVariableHint("NPM_TOKEN is not set"), undefined);
});

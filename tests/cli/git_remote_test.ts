import { gitRemote } from "../../lib/cli/git_remote.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { runProgram } from "./command.ts";

Deno.test("the repository of a folder is the remote that its branch follows, else origin, else upstream", async () => {
  await withTempFolder(async (cwd) => {
    const before = Deno.cwd();
    const git = async (...words: string[]) => {
      const { code, stderr } = await runProgram(["git", ...words], {
        cwd,
        env: { GIT_CONFIG_GLOBAL: "/dev/null" },
      });
      assertEquals(code, 0, stderr);
    };
    Deno.chdir(cwd);
    try {
      const { message } = await assertRejects(() => gitRemote(), UsageError);
      assertEquals(
        message,
        "could not get remote URL for --local: this folder is in no git repository with a remote",
      );
      await git("init", "-q", "-b", "main");
      await assertRejects(() => gitRemote(), UsageError);
      await git("remote", "add", "upstream", "git@git.example:a/up.git");
      assertEquals(await gitRemote(), "git@git.example:a/up.git");
      await git(
        "remote",
        "add",
        "origin",
        "https://me:hunter2@git.example/a/o",
      );
      assertEquals(await gitRemote(), "https://git.example/a/o");
      await git("remote", "add", "mine", "https://git.example/a/mine");
      await git("config", "branch.main.remote", "mine");
      await git("config", "branch.main.merge", "refs/heads/main");
      // A branch has a remote once it has a commit.
      assertEquals(await gitRemote(), "https://git.example/a/o");
      await git(
        ...["-c", "user.name=a", "-c", "user.email=a@b"],
        ...["commit", "-q", "--allow-empty", "-m", "a"],
      );
      assertEquals(await gitRemote(), "https://git.example/a/mine");
    } finally {
      Deno.chdir(before);
    }
  });
});

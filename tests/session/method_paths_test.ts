import { Auth } from "../proto/gen/auth_pb.ts";
import { FileSend, FileSync } from "../proto/gen/filesync_pb.ts";
import { Health } from "../proto/gen/health_pb.ts";
import { Secrets } from "../proto/gen/secrets_pb.ts";
import { SSH } from "../proto/gen/ssh_pb.ts";
import { authService } from "../../lib/session/auth.ts";
import { filesendService } from "../../lib/session/filesend.ts";
import { filesyncService } from "../../lib/session/filesync.ts";
import { healthService } from "../../lib/session/health.ts";
import { secretsService } from "../../lib/session/secrets.ts";
import { sshService } from "../../lib/session/ssh.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("every method has the path that its contract gives it", () => {
  // deno-lint-ignore no-explicit-any -- no method is called
  const none: any = {};
  for (
    const [service, methods] of [
      [Auth, authService(none, none)],
      [FileSend, filesendService(none, none)],
      [FileSync, filesyncService(none, none)],
      [Health, healthService()],
      [Secrets, secretsService(none, none)],
      [SSH, sshService(none, none)],
    ] as const
  ) {
    const offered = methods.map(({ path }) => path);
    const known = service.methods.map(({ name }) =>
      `/${service.typeName}/${name}`
    );
    assertEquals(offered.filter((path) => !known.includes(path)), []);
    assertEquals(new Set(offered).size, methods.length);
  }
});

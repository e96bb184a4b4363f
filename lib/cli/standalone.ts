/**
 * The command with all of its files, for programs of one file:
 *
 * ```sh
 * deno compile -A -o davit jsr:@davit/build/standalone
 * ./davit build -t app:1 .
 * ```
 *
 * It is the same command as `@davit/build/cli`, which loads files when they are
 * needed, so that `deno compile` and `deno bundle` do not find them.
 *
 * @module
 */
import { type ModuleLoaders, provideModules } from "./load_module.ts";
import { main } from "./main.ts";

export { main };

const MODULES: ModuleLoaders = {
  "../builder/open_listed.ts": () => import("../builder/open_listed.ts"),
  "../buildx/config_file.ts": () => import("../buildx/config_file.ts"),
  "../buildx/driver.ts": () => import("../buildx/driver.ts"),
  "../display/printable.ts": () => import("../display/printable.ts"),
  "../engine/info.ts": () => import("../engine/info.ts"),
  "../imagebuild/context/named_contexts.ts": () =>
    import("../imagebuild/context/named_contexts.ts"),
  "../imagebuild/context/named_source.ts": () =>
    import("../imagebuild/context/named_source.ts"),
  "../imagebuild/run.ts": () => import("../imagebuild/run.ts"),
  "../timings/html.ts": () => import("../timings/html.ts"),
  "../timings/svg.ts": () => import("../timings/svg.ts"),
  "../timings/text.ts": () => import("../timings/text.ts"),
  "../transport/context_names.ts": () =>
    import("../transport/context_names.ts"),
  "./build_command.ts": () => import("./build_command.ts"),
  "./build_title.ts": () => import("./build_title.ts"),
  "./builder_create.ts": () => import("./builder_create.ts"),
  "./builder_inspect.ts": () => import("./builder_inspect.ts"),
  "./builder_ls.ts": () => import("./builder_ls.ts"),
  "./builder_rm.ts": () => import("./builder_rm.ts"),
  "./builder_use.ts": () => import("./builder_use.ts"),
  "./builders.ts": () => import("./builders.ts"),
  "./call_command.ts": () => import("./call_command.ts"),
  "./call_flag.ts": () => import("./call_flag.ts"),
  "./completions_command.ts": () => import("./completions_command.ts"),
  "./daemon_site.ts": () => import("./daemon_site.ts"),
  "./did_you_mean.ts": () => import("./did_you_mean.ts"),
  "./doctor_builder.ts": () => import("./doctor_builder.ts"),
  "./doctor_command.ts": () => import("./doctor_command.ts"),
  "./du_command.ts": () => import("./du_command.ts"),
  "./formed_flags.ts": () => import("./formed_flags.ts"),
  "./gateway_command.ts": () => import("./gateway_command.ts"),
  "./help.ts": () => import("./help.ts"),
  "./history_attachment_command.ts": () =>
    import("./history_attachment_command.ts"),
  "./history_export_command.ts": () => import("./history_export_command.ts"),
  "./history_inspect_command.ts": () => import("./history_inspect_command.ts"),
  "./history_logs_command.ts": () => import("./history_logs_command.ts"),
  "./history_ls_command.ts": () => import("./history_ls_command.ts"),
  "./history_rm_command.ts": () => import("./history_rm_command.ts"),
  "./history_timings_command.ts": () => import("./history_timings_command.ts"),
  "./imagetools_command.ts": () => import("./imagetools_command.ts"),
  "./metadata.ts": () => import("./metadata.ts"),
  "./output_flag.ts": () => import("./output_flag.ts"),
  "./prune_command.ts": () => import("./prune_command.ts"),
  "./pull_command.ts": () => import("./pull_command.ts"),
  "./push_command.ts": () => import("./push_command.ts"),
  "./result_files.ts": () => import("./result_files.ts"),
  "./secret_flag.ts": () => import("./secret_flag.ts"),
  "./solve_metadata.ts": () => import("./solve_metadata.ts"),
  "./standard_input.ts": () => import("./standard_input.ts"),
  "./tell_transfer.ts": () => import("./tell_transfer.ts"),
  "./timings_file.ts": () => import("./timings_file.ts"),
  "./watch.ts": () => import("./watch.ts"),
};

provideModules(MODULES);

if (import.meta.main) Deno.exit(await main(Deno.args));

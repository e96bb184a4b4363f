import { parseImageReference } from "../engine/image_reference.ts";
import { readInstructions } from "../progress/dockerfile.ts";
import { readFrom } from "../progress/stages.ts";

/** `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`. */
const VARIABLE_REGEXP =
  /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?([-+])([^}]*))?\})/g;

/** Where COPY and ADD name an image or a stage, and where a mount of RUN does. */
const FROM_FLAG_REGEXP = /\s--(?:from=|mount=(?:\S*,)?from=)([^\s,]+)/g;

/**
 * The registries that a Dockerfile's images come from, each once; what can't be
 * told is left out.
 *
 * @param buildargs Values for the arguments that stand before the first stage.
 */
export function baseRegistries(
  dockerfile: string,
  buildargs: Readonly<Record<string, string>> = {},
): string[] {
  const values = new Map<string, string>();
  const stages = new Set<string>(["scratch"]);
  const registries = new Set<string>();
  const use = (name: string) => {
    const image = expand(name, values);
    if (stages.has(image.toLowerCase()) || /^\d*$/.test(image)) return;
    try {
      registries.add(parseImageReference(image).registry);
    } catch {
      // The builder will say what is wrong with it.
    }
  };
  let stage = false;
  for (const { keyword, text } of readInstructions(dockerfile)) {
    if (keyword === "FROM") {
      const { base, name } = readFrom(text);
      use(base);
      if (name !== undefined) stages.add(name);
      stage = true;
    } else if (keyword === "ARG" && !stage) {
      for (const word of text.split(/\s+/).slice(1)) {
        const [, name = "", given] =
          /^(\w+)(?:=["']?(.*?)["']?)?$/.exec(word) ??
            [];
        const value = buildargs[name] ??
          (given === undefined ? undefined : expand(given, values));
        if (value !== undefined) values.set(name, value);
      }
    } else if (keyword === "COPY" || keyword === "ADD" || keyword === "RUN") {
      for (const [, name] of text.matchAll(FROM_FLAG_REGEXP)) use(name!);
    }
  }
  return [...registries];
}

function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(
    VARIABLE_REGEXP,
    (_, plain, braced, mark, word = "") => {
      const value = values.get(plain ?? braced) ?? "";
      if (mark === "+") return value === "" ? "" : word;
      return mark === "-" && value === "" ? word : value;
    },
  );
}

import type { DescMethod } from "@bufbuild/protobuf";

/** `/package.Service/Method`: the path that the engine calls, and the name that a session offers. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

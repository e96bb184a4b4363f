import ts from "typescript";
import type { Change } from "./kinds.ts";

/** A change with the number that turns it on. */
export interface Switch {
  /** From 1 on; no two are the same in a program. */
  readonly id: number;
  /** The change. */
  readonly piece: Change;
}

/** A source in which changes are made at run time. */
export interface Switched {
  /** The source; it asks `globalThis.isChanged(id)` at each change. */
  readonly text: string;
  /** Those that are in it: not every change can be made at run time. */
  readonly ids: readonly number[];
}

/** Turns a change on in a program that a test starts: the number of the change. */
export const SWITCH_VARIABLE = "DAVIT_TEST_CHANGE";

/**
 * A process of its own for each change would take hours: the text has both, what
 * stood there and what stands there with the change.
 */
const HEAD =
  `globalThis.isChanged??=((on)=>(id)=>id===on)((()=>{try{return Number(Deno.env.get("${SWITCH_VARIABLE}"))}catch{return 0}})());`;

const OPERATORS: ReadonlySet<string> = new Set([
  "bound",
  "equality",
  "logic",
  "arithmetic",
]);

/** How a change stands beside what it replaces. */
interface Choice {
  readonly id: number;
  readonly form: "expression" | "statement" | "block";
  readonly text: string;
}

/** Puts a switch at each of these changes. */
export function withSwitches(
  source: string,
  switches: readonly Switch[],
): Switched {
  const file = ts.createSourceFile(
    "a.ts",
    source,
    ts.ScriptTarget.Latest,
    true,
  );
  const nodes = new Map<string, ts.Node[]>();
  const visit = (node: ts.Node) => {
    const place = `${node.getStart(file)}-${node.getEnd()}`;
    nodes.set(place, [...nodes.get(place) ?? [], node]);
    ts.forEachChild(node, visit);
  };
  visit(file);
  const choices = new Map<ts.Node, Choice[]>();
  for (const { id, piece } of switches) {
    const at = nodes.get(`${piece.start}-${piece.end}`) ?? [];
    const node = nodeOf(piece, at);
    if (node === undefined || isInChain(node)) continue;
    const text = source.slice(node.getStart(file), piece.start) + piece.text +
      source.slice(piece.end, node.getEnd());
    const form = ts.isBlock(node)
      ? "block"
      : ts.isStatement(node)
      ? "statement"
      : "expression";
    choices.set(node, [...choices.get(node) ?? [], { id, form, text }]);
  }
  const write = (node: ts.Node): string => {
    let text = "";
    let at = node.getStart(file);
    ts.forEachChild(node, (child) => {
      const start = child.getStart(file);
      if (start < at) return;
      text += source.slice(at, start) + write(child);
      at = child.getEnd();
    });
    text += source.slice(at, node.getEnd());
    for (const choice of choices.get(node) ?? []) text = choose(choice, text);
    return text;
  };
  const start = file.getStart(file);
  const text = HEAD + source.slice(0, start) + write(file) +
    source.slice(file.getEnd());
  const isWell = ts.transpileModule(text, { reportDiagnostics: true })
    .diagnostics?.length === 0;
  return isWell
    ? { text, ids: [...choices.values()].flat().map(({ id }) => id) }
    : { text: source, ids: [] };
}

function choose({ id, form, text }: Choice, otherwise: string): string {
  const asked = `globalThis.isChanged(${id})`;
  if (form === "expression") return `(${asked}?(${text}):(${otherwise}))`;
  if (form === "statement") return `if(${asked}){}else{${otherwise}}`;
  return `{if(${asked}){}else${otherwise}}`;
}

/** What is replaced as a whole; undefined where that can't be chosen at run time. */
function nodeOf(
  { kind }: Change,
  at: readonly ts.Node[],
): ts.Node | undefined {
  if (OPERATORS.has(kind)) {
    return at.map(({ parent }) => parent).find((parent) =>
      ts.isBinaryExpression(parent) && at.includes(parent.operatorToken)
    );
  }
  if (kind === "statement") return at.find(ts.isExpressionStatement);
  if (kind === "guard") return at.find(ts.isIfStatement);
  if (kind === "cleanup") return at.find(ts.isBlock);
  return at.find((node) =>
    ts.isExpression(node) && !ts.isPropertyAssignment(node.parent)
  ) ?? at.find((node) =>
    ts.isExpression(node) && ts.isPropertyAssignment(node.parent) &&
    node.parent.initializer === node
  );
}

/** Whether it is the beginning of `a?.b.c`, of which no part stands for itself. */
function isInChain(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isOptionalChain(parent) && parent.expression === node &&
    ts.isOptionalChain(node);
}

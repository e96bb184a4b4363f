import ts from "typescript";

/** A piece of a source that is changed. */
export interface Change {
  /** Which kind of change it is. */
  readonly kind: Kind;
  /** Where the changed piece begins and ends, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** What stands there instead. */
  readonly text: string;
}

/** The kinds of change, with what each does. */
export const KINDS = {
  condition: "a condition is turned round",
  bound: "a comparison takes its bound in, or leaves it out",
  equality: "equal and not equal change places",
  logic: "and and or change places",
  fallback: "the value for what is absent is left out",
  arithmetic: "plus and minus, times and divided by change places",
  number: "a number is one more",
  flag: "true and false change places",
  statement: "a call is left out",
  guard: "a check that throws, returns or goes on is left out",
  cleanup: "a finally does nothing",
  wrapper: "a call with one argument gives its argument back",
  wait: "a promise is not waited for",
  limit: "of a least or a most, the first value is taken",
  list: "a list is not filtered, sorted, cut or turned round",
} as const;

/** A kind of change. */
export type Kind = keyof typeof KINDS;

const SWAPS: ReadonlyMap<ts.SyntaxKind, readonly [Kind, string]> = new Map([
  [ts.SyntaxKind.LessThanToken, ["bound", "<="]],
  [ts.SyntaxKind.LessThanEqualsToken, ["bound", "<"]],
  [ts.SyntaxKind.GreaterThanToken, ["bound", ">="]],
  [ts.SyntaxKind.GreaterThanEqualsToken, ["bound", ">"]],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ["equality", "!=="]],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, ["equality", "==="]],
  [ts.SyntaxKind.AmpersandAmpersandToken, ["logic", "||"]],
  [ts.SyntaxKind.BarBarToken, ["logic", "&&"]],
  [ts.SyntaxKind.PlusToken, ["arithmetic", "-"]],
  [ts.SyntaxKind.MinusToken, ["arithmetic", "+"]],
  [ts.SyntaxKind.AsteriskToken, ["arithmetic", "/"]],
  [ts.SyntaxKind.SlashToken, ["arithmetic", "*"]],
]);

const LIST_CALLS: ReadonlySet<string> = new Set([
  "filter",
  "reverse",
  "slice",
  "sort",
  "toReversed",
  "toSorted",
  "trim",
  "trimEnd",
]);

/** Every single change of a source. Types, imports and the words of errors are left alone. */
export function changesOf(source: string): Change[] {
  const file = ts.createSourceFile(
    "mutant.ts",
    source,
    ts.ScriptTarget.Latest,
    true,
  );
  const changes: Change[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isSatisfiesExpression(node) && onlyTrue(node.type)) return;
    const add = (kind: Kind, at: ts.Node, text: string) =>
      changes.push({ kind, start: at.getStart(file), end: at.getEnd(), text });
    describe(node, file, add);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return changes;
}

type Add = (kind: Kind, at: ts.Node, text: string) => void;

function describe(node: ts.Node, file: ts.SourceFile, add: Add): void {
  const textOf = (part: ts.Node) => part.getText(file);
  if (ts.isIfStatement(node)) {
    add("condition", node.expression, `!(${textOf(node.expression)})`);
    if (node.elseStatement === undefined && leaves(node.thenStatement)) {
      add("guard", node, "");
    }
  } else if (ts.isWhileStatement(node) || ts.isForStatement(node)) {
    // A loop's condition turned round hangs or does nothing: its comparison is enough.
  } else if (ts.isConditionalExpression(node)) {
    add("condition", node.condition, `!(${textOf(node.condition)})`);
  } else if (ts.isBinaryExpression(node)) {
    describeBinary(node, file, add);
  } else if (
    ts.isNumericLiteral(node) && !ts.isPropertyAssignment(node.parent) &&
    !isMilliseconds(node.parent) && !isSizeByByte(node) && !isNone(node) &&
    !isPropertyName(node)
  ) {
    add("number", node, `(${node.text} + 1)`);
  } else if (node.kind === ts.SyntaxKind.TrueKeyword) {
    add("flag", node, "false");
  } else if (node.kind === ts.SyntaxKind.FalseKeyword) {
    add("flag", node, "true");
  } else if (ts.isExpressionStatement(node)) {
    const { expression } = node;
    const called = ts.isAwaitExpression(expression)
      ? expression.expression
      : expression;
    if (ts.isCallExpression(called) && !isSuper(called)) {
      add("statement", node, ";");
    }
  } else if (ts.isTryStatement(node) && node.finallyBlock !== undefined) {
    add("cleanup", node.finallyBlock, "{}");
  } else if (ts.isCallExpression(node)) describeCall(node, file, add);
  else if (ts.isAwaitExpression(node) && !isHandedOn(node)) {
    add("wait", node, textOf(node.expression));
  }
}

function describeBinary(
  node: ts.BinaryExpression,
  file: ts.SourceFile,
  add: Add,
): void {
  const { operatorToken: operator, left, right } = node;
  if (operator.kind === ts.SyntaxKind.QuestionQuestionToken) {
    add("fallback", node, left.getText(file));
    return;
  }
  const swap = SWAPS.get(operator.kind);
  if (swap === undefined) return;
  // Joining texts is no sum.
  const texts = [left, right].some((side) =>
    ts.isStringLiteralLike(side) || ts.isTemplateExpression(side)
  );
  if (swap[0] === "arithmetic" && texts) return;
  add(swap[0], operator, swap[1]);
}

function describeCall(
  node: ts.CallExpression,
  file: ts.SourceFile,
  add: Add,
): void {
  const { expression: callee, arguments: args } = node;
  if (ts.isPropertyAccessExpression(callee)) {
    const name = callee.name.text;
    const subject = callee.expression.getText(file);
    if (subject === "Math" && /^(min|max)$/.test(name) && args.length > 1) {
      add("limit", node, args[0]!.getText(file));
    } else if (LIST_CALLS.has(name)) add("list", node, subject);
  } else if (
    ts.isIdentifier(callee) && args.length === 1 &&
    !ts.isExpressionStatement(node.parent) && !ts.isSpreadElement(args[0]!) &&
    !ts.isFunctionLike(args[0]!)
  ) {
    add("wrapper", node, `(${args[0]!.getText(file)})`);
  }
}

/** Whether it is the `0` of `const { 0: first } = list`, which is a name. */
function isPropertyName(number: ts.Node): boolean {
  const { parent } = number;
  return ts.isBindingElement(parent) && parent.propertyName === number;
}

/** Whether a number is one of milliseconds: one more of them is seen by no clock. */
function isMilliseconds(holder: ts.Node): boolean {
  return ts.isVariableDeclaration(holder) && ts.isIdentifier(holder.name) &&
    holder.name.text.endsWith("_MS");
}

/**
 * Whether it is the size of a table with an entry for each byte, or for each two:
 * no byte is beyond it, and an entry more is read by nobody.
 */
function isSizeByByte(number: ts.Node): boolean {
  const size = ts.isBinaryExpression(number.parent) ? number.parent : number;
  return ts.isNewExpression(size.parent) &&
    /Array$/.test(size.parent.expression.getText()) &&
    /^(256|1 << 16)$/.test(size.getText());
}

/** Whether it is the -1 that stands for none where it is given: -2 says the same. */
function isNone(number: ts.Node): boolean {
  const { parent } = number;
  if (!ts.isPrefixUnaryExpression(parent)) return false;
  const holder = parent.parent;
  return parent.getText() === "-1" && (!ts.isBinaryExpression(holder) ||
    holder.operatorToken.kind === ts.SyntaxKind.EqualsToken);
}

/**
 * Whether a function ends with what is awaited, and does nothing behind it: its
 * caller waits for the same either way.
 */
function isHandedOn(node: ts.AwaitExpression): boolean {
  let value: ts.Expression = node;
  while (isLastOf(value.parent, value)) value = value.parent;
  const { parent } = value;
  if (ts.isArrowFunction(parent)) return true;
  if (!ts.isReturnStatement(parent)) return false;
  let at: ts.Node = parent;
  for (; !ts.isFunctionLike(at); at = at.parent) {
    // What is thrown is caught there, or something is cleaned up behind it.
    if (ts.isTryStatement(at.parent)) return false;
    if (ts.isBlock(at) && at.statements.some(isUsing)) return false;
  }
  return true;
}

/** Whether an expression ends with this part of it, and gives what that gives. */
function isLastOf(
  whole: ts.Node,
  part: ts.Expression,
): whole is ts.Expression {
  if (ts.isParenthesizedExpression(whole)) return true;
  if (ts.isConditionalExpression(whole)) return whole.condition !== part;
  return ts.isBinaryExpression(whole) && whole.right === part &&
    /^(\?\?|\|\||&&)$/.test(whole.operatorToken.getText());
}

function isUsing(statement: ts.Statement): boolean {
  // `await using` has the flag of `using`, too.
  return ts.isVariableStatement(statement) &&
    (statement.declarationList.flags & ts.NodeFlags.Using) !== 0;
}

function leaves(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return last !== undefined &&
    (ts.isThrowStatement(last) || ts.isReturnStatement(last) ||
      ts.isContinueStatement(last) || ts.isBreakStatement(last));
}

/** Whether a type has nothing but `true` in it, such as that of a set of names: a change is no program. */
function onlyTrue(type: ts.TypeNode): boolean {
  if (!ts.isTypeReferenceNode(type)) return false;
  const value = type.typeArguments?.at(-1);
  return value !== undefined && ts.isLiteralTypeNode(value) &&
    value.literal.kind === ts.SyntaxKind.TrueKeyword;
}

function isSuper(call: ts.CallExpression): boolean {
  return call.expression.kind === ts.SyntaxKind.SuperKeyword;
}

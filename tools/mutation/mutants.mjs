import { relative } from 'node:path';
import ts from 'typescript';
import { weakenedExpressions } from './regular-expressions.mjs';

/**
 * One small change of one file, like a programming mistake.
 *
 * @typedef {object} Mutant
 * @property {number} number the same for the same sources: what `--only` takes
 * @property {string} path
 * @property {string} operator
 * @property {number} start offset of the text that is replaced
 * @property {number} end
 * @property {string} replacement
 * @property {string} place `file:line:column`
 * @property {string} original the text that is replaced
 * @property {string | undefined} scope the function that it is in, as in `functionsOf`
 */

const S = ts.SyntaxKind;

/** What each operator is taken for. */
const operators = new Map([
  [S.LessThanToken, ['comparison', '<=', '>=']],
  [S.LessThanEqualsToken, ['comparison', '<', '>']],
  [S.GreaterThanToken, ['comparison', '>=', '<=']],
  [S.GreaterThanEqualsToken, ['comparison', '>', '<']],
  [S.EqualsEqualsEqualsToken, ['comparison', '!==']],
  [S.ExclamationEqualsEqualsToken, ['comparison', '===']],
  [S.PlusToken, ['arithmetic', '-']],
  [S.MinusToken, ['arithmetic', '+']],
  [S.AsteriskToken, ['arithmetic', '/']],
  [S.SlashToken, ['arithmetic', '*']],
  [S.PercentToken, ['arithmetic', '*']],
  [S.AsteriskAsteriskToken, ['arithmetic', '*']],
  [S.AmpersandToken, ['arithmetic', '|']],
  [S.BarToken, ['arithmetic', '&']],
  [S.LessThanLessThanToken, ['arithmetic', '>>']],
  [S.GreaterThanGreaterThanToken, ['arithmetic', '<<']],
  [S.GreaterThanGreaterThanGreaterThanToken, ['arithmetic', '<<']],
  [S.PlusEqualsToken, ['arithmetic', '-=']],
  [S.MinusEqualsToken, ['arithmetic', '+=']],
  [S.AsteriskEqualsToken, ['arithmetic', '/=']],
  [S.BarEqualsToken, ['arithmetic', '&=']],
  [S.AmpersandEqualsToken, ['arithmetic', '|=']],
  [S.QuestionQuestionEqualsToken, ['logical', '=', '&&=']],
]);

/** Methods that are easily mistaken for each other. */
const methods = new Map(
  [
    ['startsWith', 'endsWith'],
    ['every', 'some'],
    ['indexOf', 'lastIndexOf'],
    ['push', 'unshift'],
    ['pop', 'shift'],
    ['min', 'max'],
    ['padEnd', 'padStart'],
    ['asUintN', 'asIntN'],
  ].flatMap(
    ([one, other]) =>
      /** @type {[string, string][]} */ ([
        [one, other],
        [other, one],
      ]),
  ),
);

/** Methods without which the value is one of the same kind. */
const droppable = new Set(['slice', 'filter', 'subarray', 'replace', 'map', 'trim', 'padEnd']);

/**
 * All mutants of these files, numbered.
 *
 * @param {string} root the directory that `place` is relative to
 * @param {readonly string[]} paths
 * @param {ts.CompilerOptions} options
 * @returns {Mutant[]}
 */
export function findMutants(root, paths, options) {
  const program = ts.createProgram(paths, options);
  const checker = program.getTypeChecker();
  /** @type {Mutant[]} */
  const mutants = [];
  for (const path of paths) {
    const file = /** @type {ts.SourceFile} */ (program.getSourceFile(path));
    const known = new Set();
    visit(file, checker, (node, operator, replacement, start = node.getStart(file), end = node.end) => {
      const original = file.text.slice(start, end);
      const key = `${start} ${end} ${replacement}`;
      if (known.has(key) || original === replacement) return;
      known.add(key);
      const { line, character } = file.getLineAndCharacterOfPosition(start);
      const place = `${relative(root, path)}:${line + 1}:${character + 1}`;
      const scope = scopeOf(node, path, file);
      mutants.push({ number: mutants.length, path, operator, start, end, replacement, place, original, scope });
    });
  }
  return mutants;
}

/** @param {Mutant} mutant @param {string} source */
export function mutated({ start, end, replacement }, source) {
  return source.slice(0, start) + replacement + source.slice(end);
}

/**
 * The functions of a file, and where something can be put that runs when one is called.
 *
 * @param {string} path
 * @param {string} source
 * @returns {{ scope: string, body: { start: number, end: number }, isExpression: boolean }[]}
 */
export function functionsOf(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  /** @type {ReturnType<typeof functionsOf>} */
  const found = [];
  const walk = (/** @type {ts.Node} */ node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const body = { start: node.body.getStart(file), end: node.body.end };
      found.push({ scope: `${path}:${node.getStart(file)}`, body, isExpression: !ts.isBlock(node.body) });
    }
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

/** @param {ts.Node} node @param {string} path @param {ts.SourceFile} file */
function scopeOf(node, path, file) {
  for (let outer = node; outer.parent !== undefined; outer = outer.parent) {
    const { parent } = outer;
    // Default values run in the call, but before what is put into the body.
    if (ts.isFunctionLike(parent) && 'body' in parent && parent.body === outer)
      return `${path}:${parent.getStart(file)}`;
  }
  return undefined;
}

/**
 * @param {ts.Node} node
 * @param {ts.TypeChecker} checker
 * @param {(node: ts.Node, operator: string, replacement: string, start?: number, end?: number) => void} add
 */
function visit(node, checker, add) {
  if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;

  if (ts.isNumericLiteral(node)) {
    const number = Number(node.text);
    for (const other of [number + 1, number - 1])
      if (other !== number) add(node, 'number', `${other < 0 ? `(${other})` : other}`);
  } else if (ts.isBigIntLiteral(node)) {
    const number = BigInt(node.text.slice(0, -1));
    add(node, 'number', `${number + 1n}n`);
    add(node, 'number', number === 0n ? '(-1n)' : `${number - 1n}n`);
  } else if (node.kind === S.TrueKeyword || node.kind === S.FalseKeyword) {
    add(node, 'boolean', node.kind === S.TrueKeyword ? 'false' : 'true');
  } else if (ts.isRegularExpressionLiteral(node)) {
    for (const weaker of weakenedExpressions(node.text)) add(node, 'regular expression', weaker);
  } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
    const isName = 'name' in node.parent && node.parent.name === node;
    if (!isName && !isMessage(node)) add(node, 'string', 'text' in node && node.text === '' ? "'x'" : "''");
  } else if (ts.isBinaryExpression(node)) {
    ofBinary(node, add);
  } else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    ofUnary(node, add);
  } else if (ts.isConditionalExpression(node)) {
    ofCondition(node.condition, add);
  } else if (ts.isIfStatement(node)) {
    ofCondition(node.expression, add);
  } else if (ts.isWhileStatement(node) || ts.isDoStatement(node)) {
    add(node.expression, 'condition', 'false');
  } else if (ts.isForStatement(node)) {
    if (node.condition !== undefined) add(node.condition, 'condition', 'false');
  } else if (ts.isExpressionStatement(node) || ts.isThrowStatement(node) || ts.isBreakOrContinueStatement(node)) {
    add(node, 'statement', ';');
  } else if (ts.isReturnStatement(node)) {
    if (node.expression === undefined) add(node, 'statement', ';');
    else ofResult(node.expression, checker, add);
  } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
    ofResult(node.body, checker, add);
  } else if (ts.isArrayLiteralExpression(node)) {
    if (node.elements.length > 0) add(node, 'array', '[]');
  } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    ofCall(node, add);
  }
  if ('questionDotToken' in node && node.questionDotToken) {
    const token = /** @type {ts.Node} */ (node.questionDotToken);
    add(token, 'optional chaining', ts.isPropertyAccessExpression(node) ? '!.' : '!');
  }
  ts.forEachChild(node, (child) => visit(child, checker, add));
}

/** @typedef {Parameters<typeof visit>[2]} Add */

/** @param {ts.BinaryExpression} node @param {Add} add */
function ofBinary(node, add) {
  const { kind } = node.operatorToken;
  const [left, right] = [node.left.getText(), node.right.getText()];
  if (kind === S.AmpersandAmpersandToken || kind === S.BarBarToken) {
    add(node, 'logical', `((${left}) ${kind === S.BarBarToken ? '&&' : '||'} (${right}))`);
    add(node, 'logical', `(${left})`);
    add(node, 'logical', `(${right})`);
  } else if (kind === S.QuestionQuestionToken) {
    add(node, 'logical', `(${left})!`);
    add(node, 'logical', `(${right})`);
  } else if (kind === S.InKeyword || kind === S.InstanceOfKeyword) {
    add(node, 'comparison', `!(${node.getText()})`);
  } else {
    const [name, ...others] = operators.get(kind) ?? [];
    for (const other of others) add(node.operatorToken, /** @type {string} */ (name), other);
  }
}

/** @param {ts.PrefixUnaryExpression | ts.PostfixUnaryExpression} node @param {Add} add */
function ofUnary(node, add) {
  const operand = node.operand.getText();
  if (node.operator === S.PlusPlusToken || node.operator === S.MinusMinusToken) {
    const other = node.operator === S.PlusPlusToken ? '--' : '++';
    add(node, 'arithmetic', ts.isPrefixUnaryExpression(node) ? other + operand : operand + other);
  } else {
    add(node, node.operator === S.ExclamationToken ? 'logical' : 'arithmetic', `(${operand})`);
  }
}

/** @param {ts.Expression} condition @param {Add} add */
function ofCondition(condition, add) {
  add(condition, 'condition', 'true');
  add(condition, 'condition', 'false');
}

/** @param {ts.Expression} result @param {ts.TypeChecker} checker @param {Add} add */
function ofResult(result, checker, add) {
  const type = checker.getTypeAtLocation(result);
  const parts = type.isUnion() ? type.types : [type];
  const has = (/** @type {ts.TypeFlags} */ flags) => parts.some((part) => (part.flags & flags) !== 0);
  const isLiteral = ts.isLiteralExpression(result) || result.kind === S.TrueKeyword || result.kind === S.FalseKeyword;
  if (isLiteral || isMessage(result)) return;
  if (has(ts.TypeFlags.BooleanLike)) {
    add(result, 'result', 'true');
    add(result, 'result', 'false');
  }
  if (has(ts.TypeFlags.StringLike)) add(result, 'result', "''");
  if (has(ts.TypeFlags.NumberLike)) add(result, 'result', '0');
  if (has(ts.TypeFlags.Undefined)) add(result, 'result', 'undefined');
  if (parts.some((part) => checker.isArrayType(part))) add(result, 'result', '[]');
}

/** @param {ts.CallExpression | ts.NewExpression} node @param {Add} add */
function ofCall(node, add) {
  if (ts.isNewExpression(node)) {
    const isCollection = /^(Map|Set)$/.test(node.expression.getText());
    if (isCollection && node.arguments?.length) add(node, 'collection', `new ${node.expression.getText()}()`);
    return;
  }
  if (!ts.isPropertyAccessExpression(node.expression)) return;
  const { name, expression } = node.expression;
  const other = methods.get(name.text);
  if (other !== undefined) add(name, 'method', other);
  if (droppable.has(name.text)) add(node, 'method', expression.getText());
}

/** Whether this is part of a text for people: of an error, or of three words or more. @param {ts.Node} node */
function isMessage(node) {
  const text = node.getText();
  if (/^['"`]ERR_/.test(text)) return false;
  if (ts.isTemplateExpression(node) || ts.isStringLiteralLike(node)) {
    if (/\w+ \w+ \w+/.test(text) || /^.An? \w+ \w/.test(text)) return true;
  }
  for (let outer = node.parent; outer !== undefined && !ts.isStatement(outer); outer = outer.parent) {
    const isError = ts.isNewExpression(outer) && outer.expression.getText().endsWith('Error');
    const isSymbol = ts.isCallExpression(outer) && outer.expression.getText() === 'Symbol';
    if (isError || isSymbol) return true;
    if (outer.parent !== undefined && ts.isThrowStatement(outer.parent)) return true;
  }
  return false;
}

/** Questions about the text of a TypeScript file, answered by its syntax tree. */
import ts from "typescript";

const trees = new Map<string, ts.SourceFile>();

/** The syntax tree of `text`; `path` only names it. Many rules ask for the same file: trees are kept. */
export function parse(path: string, text: string): ts.SourceFile {
  const known = trees.get(text);
  if (known?.fileName === path) return known;
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  trees.set(text, tree);
  return tree;
}

/** Every node below `node`, parents first. */
export function nodesBelow(node: ts.Node): readonly ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (child: ts.Node) => {
    found.push(child);
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}

/** What `file` names as a module: imports and re-exports (of types too), `import()`, `import("…").T`, `require`. */
export function moduleSpecifiers(file: ts.SourceFile): readonly string[] {
  return nodesBelow(file).flatMap((node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literalText(node.moduleSpecifier);
    if (ts.isExternalModuleReference(node)) return literalText(node.expression);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literalText(node.argument.literal);
    if (ts.isCallExpression(node) && isImportOrRequire(node.expression)) return literalText(node.arguments[0]);
    return [];
  });
}

function isImportOrRequire(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require");
}

function literalText(node: ts.Node | undefined): readonly string[] {
  return node !== undefined && ts.isStringLiteralLike(node) ? [node.text] : [];
}

/** The names in `file` that refer to something: not the names of members, properties and declarations. */
export function references(file: ts.SourceFile): readonly ts.Identifier[] {
  return nodesBelow(file)
    .filter((node) => ts.isIdentifier(node))
    .filter((node) => !isLabel(node));
}

function isLabel(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node || parent.name === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return true;
  return "name" in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
}

/** The comments before the first statement of `file`. */
export function headComment(file: ts.SourceFile): string {
  const ranges = ts.getLeadingCommentRanges(file.text, 0) ?? [];
  return ranges.map(({ pos, end }) => file.text.slice(pos, end)).join("\n");
}

/** Which tests name which requirements. */
import ts from "typescript";
import { nodesBelow, parse } from "../support/syntax.js";

/** Test files (paths from the root) by requirement id. */
export type TestsById = ReadonlyMap<string, readonly string[]>;

const idOnly = /^[A-Z0-9]{3}-\d{2}$/;

/**
 * The ids that calls of `requirement` name. Where the first argument is not wholly written out, as in a loop over rows,
 * every string of the file that is an id and nothing else counts.
 * @param sources texts of test files by path
 */
export function testsById(sources: ReadonlyMap<string, string>): TestsById {
  const found = new Map<string, string[]>();
  for (const [path, text] of sources)
    for (const id of new Set(calledIds(parse(path, text)))) found.set(id, [...(found.get(id) ?? []), path]);
  return found;
}

function calledIds(file: ts.SourceFile): readonly string[] {
  return nodesBelow(file)
    .filter((node) => ts.isCallExpression(node))
    .filter(({ expression }) => ts.isIdentifier(expression) && expression.text === "requirement")
    .flatMap(({ arguments: [ids] }) => {
      if (ids === undefined) return [];
      const parts = [ids, ...nodesBelow(ids)];
      const writtenOut = parts.every((part) => ts.isArrayLiteralExpression(part) || ts.isStringLiteralLike(part));
      return writtenOut ? strings(parts) : strings(nodesBelow(file)).filter((text) => idOnly.test(text));
    });
}

function strings(nodes: readonly ts.Node[]): readonly string[] {
  return nodes.filter((node) => ts.isStringLiteralLike(node)).map(({ text }) => text);
}

/** Titles of tests and suites in `text`, as far as they are written out. */
export function titles(path: string, text: string): readonly string[] {
  return nodesBelow(parse(path, text)).flatMap((node) => {
    if (!ts.isCallExpression(node) || !/^(it|describe|requirement)(\.only|\.skip)?$/.test(node.expression.getText()))
      return [];
    return node.arguments
      .filter((argument) => ts.isStringLiteralLike(argument) || ts.isTemplateExpression(argument))
      .map((argument) => argument.getText());
  });
}

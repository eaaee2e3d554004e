/** The rules of layout, as functions from source texts to complaints. */
import { posix } from "node:path";
import ts from "typescript";
import { headComment, moduleSpecifiers, parse, references } from "../support/syntax.js";
import * as layout from "./layout.js";

/** File texts by path from the repository's root, `src/…`. */
export type Sources = ReadonlyMap<string, string>;

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The row of the layout that `path` (from `src/`) belongs to; undefined if none is for its folder. */
export function folderOf(path: string): string | undefined {
  if (path in layout.mayImport) return path;
  const folder = posix.dirname(path);
  return folder in layout.mayImport || folder === layout.generated ? folder : undefined;
}

/** Folders without a row, edges that no row allows, imports that leave `src/` or end nowhere. */
export function layoutComplaints(sources: Sources): readonly string[] {
  const unknown = [...sources.keys()]
    .filter((path) => folderOf(inSrc(path)) === undefined)
    .map((path) => `${path}: its folder has no row in the layout`);
  return [...unknown, ...edges(sources).flatMap((edge) => edgeComplaints(edge, sources))];
}

function edgeComplaints({ from, to }: Edge, sources: Sources): readonly string[] {
  if (!to.startsWith("src/")) return [`${from} imports ${to}, which is outside src/`];
  const [source, target] = [folderOf(inSrc(from)), folderOf(inSrc(to))];
  if (source === undefined || target === undefined) return []; // one of the files is complained about already
  if (target !== layout.generated && !sources.has(to)) return [`${from} imports ${to}, which does not exist`];
  if (source === target || target === "base") return [];
  const allowed = layout.mayImport[source] ?? [];
  return allowed.includes(target) || allowed.includes(layout.everything)
    ? []
    : [`${from} imports ${to}: ${source} may not import ${target}`];
}

/** Cycles between files and between folders. */
export function cycleComplaints(sources: Sources): readonly string[] {
  const files = edges(sources);
  const folders = files
    .map(({ from, to }) => ({ from: posix.dirname(from), to: posix.dirname(to) }))
    .filter(({ from, to }) => from !== to);
  return [...cycles(files), ...cycles(folders)].map((cycle) => `cycle: ${cycle.join(" → ")}`);
}

/** One cycle for each node that begins one, each named once. */
function cycles(graph: readonly Edge[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of graph) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[][] = [];
  const walk = (node: string, path: readonly string[]) => {
    const at = path.indexOf(node);
    if (at >= 0) found.push([...path.slice(at), node]);
    if (at >= 0 || done.has(node)) return;
    for (const to of next.get(node) ?? []) walk(to, [...path, node]);
    done.add(node);
  };
  for (const node of next.keys()) walk(node, []);
  return found;
}

/** What would make a pure folder depend on when, where or how often it runs. */
export function purityComplaints(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) => {
    if (!layout.pure.has(folderOf(inSrc(path)) ?? "")) return [];
    const file = parse(path, text);
    const modules = moduleSpecifiers(file).filter((name) => !name.startsWith(".") && !isPureModule(name));
    const names = references(file).filter((node) => layout.impureNames.has(node.text) || isMathRandom(node));
    return [...modules, ...names.map((node) => node.parent.getText().slice(0, 40))].map(
      (what) => `${path}: ${what} in a pure folder`,
    );
  });
}

function isPureModule(name: string): boolean {
  return layout.pureModules.has(name) || layout.purePackages.has(name.split("/", 1).join());
}

function isMathRandom(node: ts.Identifier): boolean {
  return node.text === "Math" && ts.isPropertyAccessExpression(node.parent) && node.parent.name.text === "random";
}

/** Uses of `require` and `createRequire` outside the folder that loads native code. */
export function requireComplaints(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) => {
    if (folderOf(inSrc(path)) === layout.requiring) return [];
    const uses = references(parse(path, text)).filter(
      ({ text: name }) => name === "require" || name === "createRequire",
    );
    return uses.map((node) => `${path}: ${node.text} belongs in ${layout.requiring}`);
  });
}

/** Files above the limit without a reason at their top. */
export function sizeComplaints(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.trimEnd().split("\n").length;
    if (lines <= layout.maxLines || /one piece/.test(headComment(parse(path, text)))) return [];
    return [`${path} has ${lines} lines: split it, or say at its top why it is one piece`];
  });
}

/** Names that are not kebab-case, say nothing, or make a barrel. */
export function nameComplaints(paths: Iterable<string>): readonly string[] {
  return [...paths].flatMap((path) => {
    const parts = path.split("/").map((part) => part.replace(/(\.(test|prop\.test))?\.(ts|mjs)$/, ""));
    const base = posix.basename(path);
    const odd = parts
      .filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
      .map((part) => `'${part}' is not kebab-case`);
    const empty = parts
      .filter((part) => part.split("-").some((word) => layout.emptyWords.has(word)))
      .map((part) => `'${part}' says nothing`);
    const barrel = ["index.ts", "types.ts"].includes(base) ? [`there is no ${base} here`] : [];
    return [...odd, ...empty, ...barrel].map((what) => `${path}: ${what}`);
  });
}

/** Every import of one file of the repository by another. */
function edges(sources: Sources): readonly Edge[] {
  return [...sources].flatMap(([from, text]) =>
    moduleSpecifiers(parse(from, text))
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => ({ from, to: posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts") })),
  );
}

/** `path` as it reads inside `src/`. */
function inSrc(path: string): string {
  return posix.relative("src", path);
}

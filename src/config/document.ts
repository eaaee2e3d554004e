/** YAML text as plain values, each with its place in the file. */
import * as yaml from "yaml";
import type { KeyPath } from "./problem.js";

/** Deeper or larger documents are refused; a configuration is a few levels deep. */
const maxDepth = 32;
const maxNodes = 200_000;
const tooLarge = `too large (allowed: ${maxDepth} levels, ${maxNodes} values)`;

/** A fault of the text itself. */
export interface DocumentProblem {
  readonly offset: number;
  readonly path: KeyPath;
  readonly reason: string;
}

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A document that was read, perhaps with faults. */
export interface ConfigDocument {
  /** Mappings as objects in the file's order, lists as arrays, integers as bigint, the rest as JSON would have it. */
  readonly value: unknown;
  readonly problems: readonly DocumentProblem[];
  /** True if the text has faults that make the value doubtful. */
  readonly broken: boolean;
  /** Where the value at `path` begins, or its key; of the nearest value around it if there is none. */
  locate(path: KeyPath, part: "key" | "value"): number;
  position(offset: number): Position;
}

/** Reads YAML 1.2. Anchors and aliases are resolved; tags beyond the core schema, merge keys and directives are refused. */
export function readDocument(text: string): ConfigDocument {
  const reader = new Reader();
  const { value, problems } = parse(text, reader);
  const lines = new yaml.LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return {
    value,
    problems: [...problems, ...reader.problems],
    broken: problems.length > 0 || reader.overrun,
    locate: (path, part) => reader.locate(path, part),
    position: (offset) => {
      const { line, col } = lines.linePos(Math.min(offset, text.length));
      return { line, column: col };
    },
  };
}

/** The value of `text` by `reader`, or the faults for which it was not read. */
function parse(text: string, reader: Reader): { value: unknown; problems: readonly DocumentProblem[] } {
  const deep = offsetOfDeepFlow(text);
  if (deep !== undefined) return { value: undefined, problems: [{ offset: deep, path: [], reason: tooLarge }] };
  const options = { intAsBigInt: true, uniqueKeys: false, prettyErrors: false, resolveKnownTags: false } as const;
  const document = yaml.parseDocument(text, { ...options, version: "1.2" });
  const problems = [...document.errors, ...document.warnings].map((fault): DocumentProblem => {
    const several = fault.code === "MULTIPLE_DOCS";
    return { offset: fault.pos[0], path: [], reason: several ? "a second document" : firstLine(fault.message) };
  });
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== "1.2") {
    problems.push({ offset: 0, path: [], reason: `YAML ${version} (allowed: YAML 1.2)` });
  }
  return { value: problems.length > 0 ? undefined : reader.read(document.contents, [], 0), problems };
}

/** Where brackets and braces nest deeper than `maxDepth`: the parser would run out of stack far inside. */
function offsetOfDeepFlow(text: string): number | undefined {
  let offset = 0;
  let depth = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    if (lexeme === "]" || lexeme === "}") depth--;
    if (depth > maxDepth) return offset;
    if (!["\u0002", "\u0018", "\u001f"].includes(lexeme)) offset += lexeme.length; // marks without text
  }
  return undefined;
}

/** Turns nodes into values, and remembers where each came from. */
class Reader {
  readonly problems: DocumentProblem[] = [];
  readonly #anchors = new Map<string, yaml.Node>();
  readonly #offsets = new Map<string, { readonly key: number; readonly value: number }>();
  #nodes = 0;

  /** True if the document is too deep or too large; what is beyond was not read. */
  get overrun(): boolean {
    return this.#nodes > maxNodes;
  }

  read(node: yaml.Node | null, path: KeyPath, keyOffset: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset;
    this.#offsets.set(JSON.stringify(path), { key: keyOffset, value: offset });
    if (this.overrun) return undefined;
    if (path.length > maxDepth || ++this.#nodes > maxNodes) {
      this.#nodes = maxNodes + 1;
      this.#refuse(offset, [], tooLarge);
      return undefined;
    }
    if (yaml.isAlias(node)) return this.#readAlias(node, path, { offset, keyOffset });
    const anchor = yaml.isScalar(node) || yaml.isCollection(node) ? node.anchor : undefined;
    if (node !== null && anchor !== undefined) this.#anchors.set(anchor, node);
    if (yaml.isMap(node)) return this.#readMap(node, path);
    if (yaml.isSeq(node)) {
      return node.items.map((item, index) => this.read(yaml.isNode(item) ? item : null, [...path, index], offset));
    }
    return yaml.isScalar(node) ? this.#readScalar(node, path, offset) : null;
  }

  locate(path: KeyPath, part: "key" | "value"): number {
    for (let length = path.length; length >= 0; length--) {
      const found = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (found !== undefined) return length === path.length ? found[part] : found.value;
    }
    return 0;
  }

  #readAlias(alias: yaml.Alias, path: KeyPath, at: { offset: number; keyOffset: number }): unknown {
    const source = this.#anchors.get(alias.source);
    if (source !== undefined) return this.read(source, path, at.keyOffset);
    this.#refuse(at.offset, path, `the anchor '${alias.source}' is not set before its use`);
    return undefined;
  }

  #readMap(map: yaml.YAMLMap, path: KeyPath): unknown {
    const value: Record<string, unknown> = {};
    for (const { key, value: item } of map.items) {
      const keyOffset = yaml.isNode(key) ? (key.range?.[0] ?? 0) : (map.range?.[0] ?? 0);
      const name = yaml.isScalar(key) ? keyText(key) : undefined;
      if (name === undefined || name === "__proto__") {
        this.#refuse(keyOffset, path, "a key must be plain text");
      } else if (Object.hasOwn(value, name)) {
        this.#refuse(keyOffset, [...path, name], "the key is given twice");
      } else {
        value[name] = this.read(yaml.isNode(item) ? item : null, [...path, name], keyOffset);
      }
    }
    return value;
  }

  #readScalar(node: yaml.Scalar, path: KeyPath, offset: number): unknown {
    const { value } = node;
    if (value === null || ["string", "bigint", "number", "boolean"].includes(typeof value)) return value;
    this.#refuse(offset, path, "a value of this type cannot be used");
    return undefined;
  }

  #refuse(offset: number, path: KeyPath, reason: string): void {
    this.problems.push({ offset, path, reason });
  }
}

function keyText(key: yaml.Scalar): string | undefined {
  if (typeof key.value === "string") return key.value;
  return key.source === undefined || key.source === "" ? undefined : key.source;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}

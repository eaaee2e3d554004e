/** YAML text as plain values, each with its place in the file. */
import * as yaml from "yaml";
import type { KeyPath } from "./problem.js";

/** Deeper or larger documents are refused; a configuration is a few levels deep. */
const maxDepth = 32;
const maxNodes = 200_000;

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
  const lines = new yaml.LineCounter();
  const options = { intAsBigInt: true, uniqueKeys: false, prettyErrors: false, resolveKnownTags: false } as const;
  const document = yaml.parseDocument(text, { ...options, version: "1.2", lineCounter: lines });
  const faults = [...document.errors, ...document.warnings];
  const problems = faults.map((fault): DocumentProblem => {
    const several = fault.code === "MULTIPLE_DOCS";
    return { offset: fault.pos[0], path: [], reason: several ? "a second document" : firstLine(fault.message) };
  });
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    problems.push({ offset: 0, path: [], reason: `YAML ${document.directives.yaml.version} (allowed: YAML 1.2)` });
  }
  const reader = new Reader();
  const value = problems.length > 0 ? undefined : reader.read(document.contents, [], 0);
  return {
    value,
    problems: [...problems, ...reader.problems],
    broken: problems.length > 0 || reader.overrun,
    locate: (path, part) => reader.locate(path, part),
    position: (offset) => {
      const { line, col } = lines.linePos(Math.min(offset, text.length));
      return line === 0 ? { line: 1, column: 1 } : { line, column: col };
    },
  };
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
      this.#refuse(offset, [], `too large (allowed: ${maxDepth} levels, ${maxNodes} values)`);
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

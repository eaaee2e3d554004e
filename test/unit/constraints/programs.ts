/** The tables and actions of the P4Info texts in `test/support/p4info/`, as far as restrictions need them. */
import { parseAnnotations } from "../../../src/pipeline/annotation.js";
import type { Action, MatchField, MatchKind, Table, ValueFormat } from "../../../src/pipeline/pipeline.js";
import { readText } from "../../support/repository.js";

export type Program = "wbb" | "sai-wbb" | "middleblock";

export const programs: readonly Program[] = ["wbb", "sai-wbb", "middleblock"];

/** A number of `width` bits, or the form of an `sdn_string` if there is no width. */
export function format(width: number | "text"): ValueFormat {
  if (width === "text") return { kind: "sdn-string", port: false };
  return { kind: "bits", width, bytes: Math.ceil(width / 8), port: false };
}

export interface FieldSketch {
  readonly name: string;
  readonly kind: MatchKind;
  readonly width: number | "text";
}

export function table(name: string, fields: readonly FieldSketch[], annotations: readonly string[] = []): Table {
  const matchFields: readonly MatchField[] = fields.map((field, index) => ({
    id: index + 1,
    index,
    name: field.name,
    kind: field.kind,
    format: format(field.width),
    annotations: [],
  }));
  return {
    id: 1,
    name,
    alias: name,
    fields: matchFields,
    fieldById: new Map(matchFields.map((field) => [field.id, field])),
    actions: [],
    actionRefById: new Map(),
    needsPriority: true,
    constDefault: false,
    initialDefault: undefined,
    implementation: undefined,
    counter: undefined,
    meter: undefined,
    size: 0,
    idleTimeout: false,
    isConst: false,
    roles: new Set(),
    annotations: parseAnnotations(annotations),
  };
}

export function action(
  name: string,
  params: readonly { readonly name: string; readonly width: number | "text" }[],
  annotations: readonly string[] = [],
): Action {
  const list = params.map((param, index) => ({
    id: index + 1,
    index,
    name: param.name,
    format: format(param.width),
    annotations: [],
  }));
  return {
    id: 1,
    name,
    alias: name,
    params: list,
    paramById: new Map(list.map((param) => [param.id, param])),
    annotations: parseAnnotations(annotations),
  };
}

export function tablesOf(program: Program): readonly Table[] {
  return blocks(text(program), "tables", 0).map((block) => {
    const preamble = blocks(block, "preamble", 2)[0] ?? "";
    const fields = blocks(block, "match_fields", 2).map((field) => ({
      name: value(field, "name"),
      kind: matchKinds[/match_type: (\w+)/.exec(field)?.[1] ?? ""] ?? "exact",
      width: widthOf(field),
    }));
    return table(value(preamble, "name"), fields, values(preamble, "annotations"));
  });
}

export function actionsOf(program: Program): readonly Action[] {
  return blocks(text(program), "actions", 0).map((block) => {
    const preamble = blocks(block, "preamble", 2)[0] ?? "";
    const params = blocks(block, "params", 2).map((param) => ({ name: value(param, "name"), width: widthOf(param) }));
    return action(value(preamble, "name"), params, values(preamble, "annotations"));
  });
}

const matchKinds: Readonly<Record<string, MatchKind>> = {
  EXACT: "exact",
  LPM: "lpm",
  TERNARY: "ternary",
  RANGE: "range",
  OPTIONAL: "optional",
};

function text(program: Program): string {
  return readText(`test/support/p4info/${program}.p4info.pb.txt`);
}

/** The insides of the blocks called `name` that are indented by `indent`. */
function blocks(source: string, name: string, indent: number): readonly string[] {
  const pad = " ".repeat(indent);
  return [...source.matchAll(new RegExp(`^${pad}${name} \\{\\n([^]*?)^${pad}\\}`, "gm"))].map(
    (found) => found[1] ?? "",
  );
}

function values(block: string, name: string): readonly string[] {
  const found = block.matchAll(new RegExp(`^ +${name}: "((?:[^"\\\\]|\\\\.)*)"$`, "gm"));
  return [...found].map((each) => (each[1] ?? "").replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c)));
}

function value(block: string, name: string): string {
  return values(block, name)[0] ?? "";
}

function widthOf(block: string): number | "text" {
  const width = /^ +bitwidth: (\d+)$/m.exec(block)?.[1];
  return width === undefined ? "text" : Number(width);
}

/**
 * References between entities as a program's annotations state them: `@refers_to(table, field)` on match fields and
 * action parameters, `@referenced_by(builtin::multicast_group_table, replica.port)` on match fields.
 *
 * What the fields of one key, or the parameters of one action, say of one table is one reference: an entry with all those
 * values. Where a field is meant twice, there is a reference for each time.
 */
import type { Steps } from "../base/steps.js";
import { annotationArguments, annotationBodies, stringLiteral, type Annotation } from "./annotation.js";
import type {
  Action,
  MatchField,
  Param,
  Reference,
  References,
  ReferenceTarget,
  ReplicaPart,
  ReplicaReference,
  Table,
  ValueFormat,
} from "./pipeline.js";

/** Under this name annotations mean the multicast groups of the packet replication engine. */
const groupTable = "builtin::multicast_group_table";
const groupField = "multicast_group_id";

/** Most values that one key or action may name of one table, references times fields. */
const maxSources = 4096;

/** Field names in one message. */
const maxNames = 20;

/** A match field or a parameter that may carry annotations. */
type Source = MatchField | Param;
/** One annotation, resolved: `source` gives the value of `field`; no field: it is a multicast group's id. */
interface Link {
  readonly source: number;
  readonly field: MatchField | undefined;
}

/**
 * Reads the annotations of a program.
 * @param problem told a sentence per annotation that is wrong: malformed, an unknown field, a field that is not EXACT,
 *   values that cannot be equal
 */
export function readReferenceSteps(
  tables: ReadonlyMap<number, Table>,
  actions: ReadonlyMap<number, Action>,
  portFormat: ValueFormat,
  problem: (text: string) => void,
): Steps<References> {
  return new Reader(tables, portFormat, problem).read(actions);
}

class Reader {
  readonly #tables: ReadonlyMap<number, Table>;
  readonly #byName = new Map<string, Table>();
  readonly #fields = new Map<Table, ReadonlyMap<string, MatchField>>();
  readonly #portFormat: ValueFormat;
  readonly #problem: (text: string) => void;
  readonly #targets = new Map<string, ReferenceTarget>();
  readonly #unchecked: string[] = [];

  constructor(tables: ReadonlyMap<number, Table>, portFormat: ValueFormat, problem: (text: string) => void) {
    this.#tables = tables;
    this.#portFormat = portFormat;
    this.#problem = problem;
    for (const table of tables.values()) this.#byName.set(table.name, table);
    for (const table of tables.values()) if (table.alias !== "") this.#byName.set(table.alias, table);
  }

  *read(actions: ReadonlyMap<number, Action>): Steps<References> {
    const ofKey = new Map<number, readonly Reference[]>();
    const ofAction = new Map<number, readonly Reference[]>();
    const ofReplica: ReplicaReference[] = [];
    for (const table of this.#tables.values()) {
      yield;
      const references = this.#references(`table '${table.alias}': match field`, table.fields);
      if (references.length > 0) ofKey.set(table.id, references);
      ofReplica.push(...this.#ofReplicas(table));
    }
    for (const action of actions.values()) {
      yield;
      const references = this.#references(`action '${action.alias}': parameter`, action.params);
      if (references.length > 0) ofAction.set(action.id, references);
    }
    return { targets: [...this.#targets.values()], ofKey, ofAction, ofReplica, unchecked: this.#unchecked };
  }

  /** The references of one key or action. */
  #references(what: string, sources: readonly Source[]): readonly Reference[] {
    const byTable = new Map<Table | "group", Link[]>();
    for (const [at, source] of sources.entries()) {
      const where = `${what} '${source.name}'`;
      for (const { table, field } of this.#annotations(where, source.annotations, "refers_to")) {
        const found = this.#resolve(`${where}: @refers_to(${table}, ${field})`, source, table, field);
        if (found === undefined) continue;
        const links = byTable.get(found.table) ?? [];
        byTable.set(found.table, links);
        links.push({ source: at, field: found.field });
      }
    }
    return [...byTable].flatMap(([table, links]) => this.#join(what, table, links));
  }

  #resolve(where: string, source: Source, name: string, fieldName: string) {
    if ("kind" in source && source.kind !== "exact" && source.kind !== "optional" && source.kind !== "ternary") {
      this.#problem(`${where}: ${source.kind.toUpperCase()} names no single value, so it cannot refer to an entry`);
      return undefined;
    }
    if (name.startsWith("builtin::")) {
      if (name !== groupTable || fieldName !== groupField)
        this.#problem(`${where}: the one field to refer to of what is built in is ${groupTable}, ${groupField}`);
      else if (source.format.kind !== "bits")
        this.#problem(`${where}: the id of a multicast group is a number, no text`);
      else return { table: "group" as const, field: undefined };
      return undefined;
    }
    const table = this.#byName.get(name);
    if (table === undefined) {
      this.#unchecked.push(where);
      return undefined;
    }
    const field = this.#fieldsOf(table).get(fieldName);
    if (field === undefined)
      this.#problem(`${where}: table '${name}' has no such match field; it has ${namesOf(table)}`);
    else if (field.kind !== "exact") this.#problem(`${where}: that field is ${field.kind.toUpperCase()}, not EXACT`);
    else if (!sameForm(field.format, source.format))
      this.#problem(`${where}: that field is ${form(field.format)}, this one ${form(source.format)}`);
    else return { table, field };
    return undefined;
  }

  /** One reference, or as many as the field has links that has most of them. */
  #join(what: string, table: Table | "group", links: readonly Link[]): readonly Reference[] {
    if (table === "group") return links.map(({ source }) => ({ target: this.#groups(), sources: [source] }));
    const byField = new Map<MatchField, number[]>();
    for (const { source, field } of links) {
      if (field === undefined) continue;
      const of = byField.get(field) ?? [];
      byField.set(field, of);
      of.push(source);
    }
    const fields = [...byField.keys()].sort((a, b) => a.index - b.index);
    const sources = fields.map((field) => byField.get(field) ?? []);
    const count = Math.max(...sources.map(({ length }) => length));
    if (count * fields.length > maxSources) {
      this.#problem(`${what}s: more than ${maxSources} references to table '${table.alias}'`);
      return [];
    }
    if (sources.some(({ length }) => length !== 1 && length !== count)) {
      const counts = fields.map((field, i) => `${field.name} ${sources[i]?.length ?? 0} times`).join(", ");
      this.#problem(`${what}s: @refers_to(${table.alias}, …): which belong together is not clear: ${counts}`);
      return [];
    }
    const target = this.#entries(table, fields);
    return Array.from({ length: count }, (_, i) => ({
      target,
      sources: sources.map((of) => (of.length === 1 ? of[0] : of[i]) ?? 0),
    }));
  }

  /** `@referenced_by` can only speak of replicas: whatever a program declares itself refers by `@refers_to`. */
  #ofReplicas(table: Table): readonly ReplicaReference[] {
    const fields: MatchField[] = [];
    const sources: ReplicaPart[] = [];
    for (const field of table.fields) {
      const what = `table '${table.alias}': match field '${field.name}'`;
      for (const { table: by, field: part } of this.#annotations(what, field.annotations, "referenced_by")) {
        const where = `${what}: @referenced_by(${by}, ${part})`;
        if (by !== groupTable || (part !== "replica.port" && part !== "replica.instance"))
          this.#problem(`${where}: only replica.port and replica.instance of ${groupTable} can refer to an entry`);
        else if (field.kind !== "exact") this.#problem(`${where}: the field is ${field.kind.toUpperCase()}, not EXACT`);
        else if (fields.at(-1) === field) this.#problem(`${where}: the field is referenced already`);
        else if (field.format.kind !== (part === "replica.port" ? this.#portFormat.kind : "bits"))
          this.#problem(`${where}: the field is ${form(field.format)}, which a ${part} is not`);
        else {
          fields.push(field);
          sources.push(part === "replica.port" ? "port" : "instance");
        }
      }
    }
    return fields.length === 0 ? [] : [{ target: this.#entries(table, fields), sources }];
  }

  /** Arguments of the annotations `name`; blanks that compilers print between tokens are taken out. */
  *#annotations(where: string, annotations: readonly Annotation[], name: string) {
    for (const body of annotationBodies(annotations, name)) {
      const [table, field, ...rest] = annotationArguments(body).map((text) =>
        (stringLiteral(text) ?? text).replaceAll(/\s+/g, ""),
      );
      if (table === undefined || field === undefined || rest.length > 0)
        this.#problem(`${where}: @${name}(${body}) does not have the two arguments table and field`);
      else yield { table, field };
    }
  }

  #fieldsOf(table: Table): ReadonlyMap<string, MatchField> {
    const fields = this.#fields.get(table) ?? new Map(table.fields.map((field) => [field.name, field]));
    this.#fields.set(table, fields);
    return fields;
  }

  #groups(): ReferenceTarget {
    return this.#target("", (index) => ({ kind: "multicast-group", index }));
  }

  #entries(table: Table, fields: readonly MatchField[]): ReferenceTarget & { readonly kind: "table" } {
    const key = `${table.id}:${fields.map(({ index }) => index).join()}`;
    return this.#target(key, (index) => ({ kind: "table", index, table, fields }));
  }

  #target<T extends ReferenceTarget>(key: string, make: (index: number) => T): T {
    const target = (this.#targets.get(key) as T | undefined) ?? make(this.#targets.size); // a key has one kind
    this.#targets.set(key, target);
    return target;
  }
}

/** Field names of a table: of many the first, as a P4Info may be wrong as often as it has room for. */
function namesOf({ fields }: Table): string {
  const names = fields.slice(0, maxNames).map(({ name }) => name);
  return fields.length > maxNames ? `${names.join(", ")} and ${fields.length - maxNames} more` : names.join(", ");
}

/** True if values of both forms can be told to be equal. */
function sameForm(a: ValueFormat, b: ValueFormat): boolean {
  if (a.kind === "sdn-string" || b.kind === "sdn-string") return a.kind === b.kind;
  return a.width === b.width;
}

function form(format: ValueFormat): string {
  return format.kind === "bits" ? `bit<${format.width}>` : "sdn_string";
}

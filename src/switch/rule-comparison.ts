/** What a datapath holds beside what the committed entries ask for, as an operator is shown it. */
import { Slices } from "../base/slices.js";
import { notFound, unimplemented } from "../base/status.js";
import type { Datapath } from "../datapath/datapath.js";
import { describeKeyWords, type FieldText } from "../datapath/describe-key-words.js";
import { keyWords } from "../datapath/frame-key.js";
import { isSelector, type ActionSelector, type PuntAction, type QueueSpec } from "../datapath/rule.js";
import type { RuleAction } from "../datapath/rule.js";
import type { Selection } from "../entity/action-profile.js";
import { slotTexts } from "../entity/describe-key.js";
import { headNumber } from "../entity/record-layout.js";
import type { CounterData } from "../entity/table-entry.js";
import { defaultKey } from "../store/table-store.js";
import { Version } from "../store/version.js";
import { readCounters } from "./counters.js";
import { KeyLedger, type HeldRule, type KeyText } from "./key-ledger.js";
import type { Program, ProgramTable } from "./program.js";
import { ruleOf, type Realiser } from "./realise.js";

/**
 * `held`: as the entry asks. `shadowed`: not held and need not be, as another entry with the same key wins. `missing`,
 * `unexpected`: a difference. `unrealised`: control-plane state that asks for no rule.
 */
export type RuleState = "held" | "shadowed" | "missing" | "unexpected" | "unrealised";

/** One entry with its rule, or a rule that no entry asks for. */
export interface RuleRow {
  readonly state: RuleState;
  /** Alias of the table; `#N` for the datapath's table N where the program has no such table. */
  readonly table: string;
  readonly priority: number;
  readonly isDefault: boolean;
  /** In the program's terms; empty where no entry is known. */
  readonly match: readonly FieldText[];
  /** In the datapath's terms, one for each key; of a missing rule only the missing ones. */
  readonly keys: readonly (readonly FieldText[])[];
  /** Undefined also where there is a `selector`. */
  readonly action: PuntAction | undefined;
  /** Name of the action's queue. */
  readonly queue: string | undefined;
  /** Set if the rule picks one of several actions. */
  readonly selector: RowSelector | undefined;
  /** The action as the program names it; the member, group or set of a table with an action profile. */
  readonly entryAction: string | undefined;
  readonly counter: CounterData | undefined;
}

/** A selector with the names of queues. */
export interface RowSelector {
  readonly mode: ActionSelector["mode"];
  readonly choices: readonly (ActionSelector["choices"][number] & { readonly queue: string | undefined })[];
}

export interface ComparedDevice {
  readonly datapath: Datapath;
  /** What packets meet; undefined: no rule is wanted. */
  readonly program: Program | undefined;
  readonly realiser: Realiser;
  readonly queues: readonly QueueSpec[];
}

/** An entry, and what of its rule the datapath did not tell. */
interface Wanted {
  readonly table: ProgramTable;
  readonly version: Version;
  readonly priority: number;
  /** False: nothing realises it. */
  readonly realised: boolean;
  /** As the members and groups were that the entry names; undefined: not realised. */
  readonly action: RuleAction | undefined;
  readonly lacking: readonly KeyText[];
  readonly keys: number;
}

/** Rows made in one go, and sent in one message: about as much as a slice allows. */
const batchRows = 64;
const nothing: readonly KeyText[] = [];

/** One comparison. The state it saw is held until it is disposed. */
export class RuleComparison implements Disposable {
  /** Entries that ask for a rule. */
  entries = 0;
  /** Keys the datapath told. */
  installed = 0;
  /** Rows given as `missing` or `unexpected` so far. */
  differences = 0;
  readonly #device: ComparedDevice;
  readonly #ledger = new KeyLedger();
  readonly #wanted: Wanted[] = [];
  /** Tables of the program that take part. */
  readonly #tables: readonly ProgramTable[];
  readonly #whole: boolean;
  readonly #held: Disposable[] = [];
  readonly #slices = new Slices();

  private constructor(device: ComparedDevice, name: string | undefined, held: Disposable) {
    this.#device = device;
    this.#whole = name === undefined;
    this.#held.push(held);
    const tables = [...(device.program?.tables.values() ?? [])];
    this.#tables = inOrder(name === undefined ? tables : tables.filter((table) => isCalled(table, name)));
  }

  /**
   * Takes stock of both sides, in slices.
   * @param table alias, name or decimal id of the only table to compare
   * @param held disposed with the comparison
   * @precondition the turn is held: neither entries nor rules change meanwhile
   * @throws StatusError UNIMPLEMENTED if the datapath does not tell, NOT_FOUND if there is no such table
   */
  static async of(
    device: ComparedDevice,
    table: string | undefined,
    { held, signal }: { readonly held: Disposable; readonly signal: AbortSignal },
  ): Promise<RuleComparison> {
    const comparison = new RuleComparison(device, table, held);
    try {
      await comparison.#take(table, signal);
      return comparison;
    } catch (error) {
      comparison[Symbol.dispose]();
      throw error;
    }
  }

  async #take(table: string | undefined, signal: AbortSignal): Promise<void> {
    const { datapath, program } = this.#device;
    if (table !== undefined && this.#tables.length === 0) throw noSuchTable(table, program);
    const held = datapath.dump?.();
    if (held === undefined) throw unimplemented(`datapath '${datapath.capabilities.backend}' does not tell its rules`);
    const indices = new Set(this.#tables.map(({ bound }) => bound?.index));
    for await (const rule of held) {
      if (this.#whole || indices.has(rule.table)) {
        this.#ledger.hold(rule);
        this.installed++;
      }
      if (this.#slices.due) await this.#breathe(signal);
    }
    if (program === undefined) return;
    const snapshot = program.store.snapshot();
    this.#held.push(snapshot);
    for (const each of this.#tables)
      for (const head of each.store.heads.values()) {
        const version = Version.visible(head, snapshot.generation);
        if (version !== undefined) this.#want(each, version);
        if (this.#slices.due) await this.#breathe(signal);
      }
  }

  async #breathe(signal: AbortSignal): Promise<void> {
    await this.#slices.pause();
    signal.throwIfAborted();
  }

  #want(table: ProgramTable, version: Version): void {
    const rule = this.#device.realiser.rule(table, version);
    if (rule === undefined) {
      if (version.key === defaultKey) return; // it does nothing, and that is realised
      const priority = headNumber(version.key);
      this.#wanted.push({ table, version, priority, realised: false, action: undefined, lacking: nothing, keys: 0 });
      return;
    }
    const { priority, values, masks, count, action } = rule;
    const lacking: KeyText[] = [];
    for (let k = 0; k < count; k++) {
      const key = this.#ledger.pack(rule.table, values, masks, k * keyWords);
      if (!this.#ledger.claim(key, priority, action)) lacking.push(key);
    }
    this.entries++;
    const keys = count;
    this.#wanted.push({
      table,
      version,
      priority,
      realised: true,
      action,
      lacking: lacking.length > 0 ? lacking : nothing,
      keys,
    });
  }

  /** Every row, in batches: entries by table in falling precedence, then what no entry asks for. To be read once. */
  async *rows(signal: AbortSignal): AsyncGenerator<readonly RuleRow[], void, void> {
    for (let at = 0; at < this.#wanted.length; at += batchRows) {
      const batch = this.#wanted.slice(at, at + batchRows);
      const counters = await readCounters(
        this.#device.datapath,
        batch.map(({ version }) => version),
      );
      yield this.#counted(batch.map((wanted, i) => this.#wantedRow(wanted, counters[i])));
      if (this.#slices.due) await this.#breathe(signal);
    }
    let batch: RuleRow[] = [];
    for (const [key, rule] of this.#ledger.unclaimed()) {
      batch.push(this.#unexpectedRow(key, rule));
      if (batch.length < batchRows) continue;
      yield this.#counted(batch);
      batch = [];
      if (this.#slices.due) await this.#breathe(signal);
    }
    if (batch.length > 0) yield this.#counted(batch);
  }

  [Symbol.dispose](): void {
    for (const each of this.#held.splice(0)) each[Symbol.dispose]();
  }

  #counted(rows: readonly RuleRow[]): readonly RuleRow[] {
    for (const { state } of rows) if (state === "missing" || state === "unexpected") this.differences++;
    return rows;
  }

  #wantedRow(wanted: Wanted, counter: CounterData | undefined): RuleRow {
    const { table, version, priority, realised, action, lacking, keys } = wanted;
    const missing = lacking.filter((key) => !this.#ledger.mayLack(key, priority));
    const rule = realised ? this.#device.realiser.rule(table, version) : undefined;
    const words =
      rule === undefined
        ? []
        : Array.from({ length: rule.count }, (_, k) => describeKeyWords(rule.values, rule.masks, k * keyWords));
    const wholly = lacking.length === keys ? "shadowed" : "held";
    const state = missing.length > 0 ? "missing" : wholly;
    return {
      ...entryTexts(table, version),
      state: realised ? state : "unrealised",
      table: nameOf(table),
      priority,
      isDefault: version.key === defaultKey,
      keys: missing.length > 0 ? missing.map((key) => this.#describe(key)) : words,
      ...this.#actionTexts(action),
      counter: ruleOf(version) === undefined ? undefined : counter,
    };
  }

  #unexpectedRow(key: KeyText, { priority, action, cookie }: HeldRule): RuleRow {
    const { table: index } = this.#ledger.unpack(key);
    const table = this.#tables.find(({ bound }) => bound?.index === index);
    const version = cookie instanceof Version ? (cookie as Version) : undefined;
    const texts =
      table === undefined || version === undefined ? { match: [], entryAction: undefined } : entryTexts(table, version);
    return {
      ...texts,
      state: "unexpected",
      table: table === undefined ? `#${index}` : nameOf(table),
      priority,
      isDefault: version?.key === defaultKey,
      keys: [this.#describe(key)],
      ...this.#actionTexts(action),
      counter: undefined,
    };
  }

  #describe(key: KeyText): readonly FieldText[] {
    const { value, mask } = this.#ledger.unpack(key);
    return describeKeyWords(value, mask);
  }

  #actionTexts(action: RuleAction | undefined): Pick<RuleRow, "action" | "queue" | "selector"> {
    if (action === undefined || !isSelector(action))
      return { action, queue: this.#queueOf(action), selector: undefined };
    const choices = action.choices.map((choice) => ({ ...choice, queue: this.#queueOf(choice.action) }));
    return { action: undefined, queue: undefined, selector: { mode: action.mode, choices } };
  }

  #queueOf(action: PuntAction | undefined): string | undefined {
    if (action?.queue === undefined) return undefined;
    return this.#device.queues[action.queue]?.name ?? `#${action.queue}`;
  }
}

function entryTexts({ schema }: ProgramTable, version: Version): Pick<RuleRow, "match" | "entryAction"> {
  const { key, action, extras } = version;
  const called = action === "" ? undefined : schema.actions.get(headNumber(action))?.action;
  return {
    match: key === defaultKey ? [] : slotTexts(schema.key, Buffer.from(key, "latin1")),
    entryAction:
      called === undefined ? extras.selection && selectionText(extras.selection) : called.alias || called.name,
  };
}

function selectionText(selection: Selection): string {
  return selection.kind === "set" ? `set of ${selection.actions.length}` : `${selection.kind} ${selection.id}`;
}

const nameOf = ({ schema: { table } }: ProgramTable): string => table.alias || table.name;

function isCalled({ schema: { table } }: ProgramTable, name: string): boolean {
  return name === table.alias || name === table.name || name === table.id.toString();
}

/** In falling precedence; what nothing realises comes last. */
function inOrder(tables: readonly ProgramTable[]): readonly ProgramTable[] {
  const rank = ({ bound }: ProgramTable) => bound?.index ?? Infinity;
  return [...tables].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Tables that a message names at most. */
const maxNamed = 20;

function noSuchTable(name: string, program: Program | undefined) {
  const tables = [...(program?.tables.values() ?? [])].map(nameOf);
  const more = tables.length > maxNamed ? `, and ${tables.length - maxNamed} more` : "";
  const known = tables.length === 0 ? "none" : `${tables.slice(0, maxNamed).join(", ")}${more}`;
  return notFound(`there is no table '${name}' (there are: ${known})`, { table: name });
}

/** What the datapath will say of the entries of a program that waits for COMMIT. */
import { refusal } from "../base/situation.js";
import { keyWords } from "../datapath/frame-key.js";
import type { TableIndex } from "../datapath/rule.js";
import { defaultKey } from "../store/table-store.js";
import type { Version } from "../store/version.js";
import type { Program, ProgramTable } from "./program.js";
import type { Realiser } from "./realise.js";

/** How many rules of one table would have each mask. */
type Masks = Map<string, number>;

/** A mask counted once more or once less. */
interface Step {
  readonly masks: Masks;
  readonly mask: string;
  readonly change: 1 | -1;
}

/**
 * Counts the distinct masks of each table of a saved program, so that a Write is refused what COMMIT could not put on
 * the datapath. A batch costs what it changes; it ends with `keep` or `abandon`.
 */
export class Rehearsal {
  readonly #realiser: Realiser;
  readonly #program: Program;
  readonly #masks = new Map<TableIndex, Masks>();
  /** What the batch has done so far. */
  #steps: Step[] = [];

  /** @throws StatusError RESOURCE_EXHAUSTED if not even the default entries can be realised */
  constructor(realiser: Realiser, program: Program) {
    this.#realiser = realiser;
    this.#program = program;
    for (const table of program.tables.values()) {
      const entry = table.store.heads.get(defaultKey);
      if (entry !== undefined) this.add(table, entry);
    }
    this.keep();
  }

  /**
   * Takes a new entry. @param key its key record, if the caller has it at hand
   * @throws StatusError RESOURCE_EXHAUSTED if it has a mask too many, or as `Realiser.rule`
   */
  add(table: ProgramTable, version: Version, key?: Uint8Array): void {
    const begun = this.#steps.length;
    const { masks, limit } = this.#of(table);
    for (const mask of this.#masksOf(table, version, key)) {
      if (!masks.has(mask) && masks.size >= limit) {
        const full = `table '${table.schema.table.name}' holds ${masks.size} distinct masks, its limit is ${limit}`;
        this.#undo(begun);
        throw refusal("datapath-full", full, { table: table.schema.table.name });
      }
      this.#step({ masks, mask, change: 1 });
    }
  }

  /** Takes an entry's new state. `before` is the state it had. @throws StatusError as `add` */
  modify(table: ProgramTable, version: Version, before: Version, key?: Uint8Array): void {
    const realised = this.#realiser.realises(table, version);
    if (realised === this.#realiser.realises(table, before)) return;
    if (realised) this.add(table, version, key);
    else this.remove(table, before);
  }

  remove(table: ProgramTable, version: Version): void {
    const { masks } = this.#of(table);
    for (const mask of this.#masksOf(table, version)) this.#step({ masks, mask, change: -1 });
  }

  /** How much the batch has done so far, for `rewind`. */
  get mark(): number {
    return this.#steps.length;
  }

  /** Takes back what was done since `mark`. */
  rewind(mark: number): void {
    this.#undo(mark);
  }

  /** The batch is published. */
  keep(): void {
    this.#steps = [];
  }

  /** The batch leaves no trace. */
  abandon(): void {
    this.#undo(0);
  }

  #undo(from: number): void {
    for (const { masks, mask, change } of this.#steps.splice(from).reverse()) count(masks, mask, -change);
  }

  #step(step: Step): void {
    this.#steps.push(step);
    count(step.masks, step.mask, step.change);
  }

  #of({ bound }: ProgramTable): { readonly masks: Masks; readonly limit: number } {
    if (bound === undefined) return { masks: new Map(), limit: 0 };
    const masks = this.#masks.get(bound.index) ?? new Map<string, number>();
    this.#masks.set(bound.index, masks);
    return { masks, limit: this.#program.bindings.specs[bound.index]?.maxMasks ?? 0 };
  }

  /** The masks of the rule of an entry; none if nothing realises it. */
  *#masksOf(table: ProgramTable, version: Version, key?: Uint8Array): Generator<string> {
    const rule = this.#realiser.rule(table, version, key);
    if (rule === undefined) return;
    const { buffer, byteOffset } = rule.masks;
    const bytes = Buffer.from(buffer, byteOffset, rule.count * maskBytes);
    for (let at = 0; at < bytes.length; at += maskBytes) yield bytes.toString("latin1", at, at + maskBytes);
  }
}

const maskBytes = keyWords * Int32Array.BYTES_PER_ELEMENT;

function count(masks: Masks, mask: string, change: number): void {
  const rules = (masks.get(mask) ?? 0) + change;
  if (rules === 0) masks.delete(mask);
  else masks.set(mask, rules);
}

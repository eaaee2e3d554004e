/** Keys that a datapath holds against keys that entries ask for. */
import { defined } from "../base/invariant.js";
import { keyWords } from "../datapath/frame-key.js";
import { sameRedirect } from "../datapath/replication.js";
import { isSelector, type InstalledRule, type PuntAction } from "../datapath/rule.js";
import type { ActionSelector, RuleAction, RuleCookie, TableIndex } from "../datapath/rule.js";

/** Table, mask and value, packed by one ledger into a short latin1 string: there may be a million of them. */
export type KeyText = string;

/** A rule under one key, as the datapath tells it. */
export interface HeldRule {
  readonly priority: number;
  readonly action: RuleAction;
  readonly cookie: RuleCookie | undefined;
  /** True once an entry has asked for it. */
  claimed: boolean;
}

/** All that is known of one key. */
interface Cell {
  readonly held: HeldRule[];
  /** Best priority that entries ask for, and best of those that are held; −1: none. */
  bestWanted: number;
  bestClaimed: number;
}

/** First `hold` all that the datapath tells, then `claim` all that entries ask for; then the rest of the questions. */
export class KeyLedger {
  readonly #cells = new Map<KeyText, Cell>();
  /** Tables with their masks, as words, and their positions by the same in latin1. */
  readonly #shapes: Int32Array[] = [];
  readonly #shapeAt = new Map<string, number>();
  /** The shape asked for last, and its position: keys mostly come by mask. */
  readonly #shape = new Int32Array(1 + keyWords);
  #at = -1;
  readonly #words = new Int32Array(1 + keyWords);

  hold({ table, priority, value, mask, action, cookie }: InstalledRule): void {
    this.#cell(this.pack(table, value, mask, 0)).held.push({ priority, action, cookie, claimed: false });
  }

  /** An entry asks for a rule: true if it is held, with this priority and action. */
  claim(key: KeyText, priority: number, action: RuleAction): boolean {
    const cell = this.#cell(key);
    cell.bestWanted = Math.max(cell.bestWanted, priority);
    const found = cell.held.find(
      (rule) => !rule.claimed && rule.priority === priority && sameAction(rule.action, action),
    );
    if (found === undefined) return false;
    found.claimed = true;
    cell.bestClaimed = Math.max(cell.bestClaimed, priority);
    return true;
  }

  /**
   * True if a rule that `claim` did not find need not be held: another entry with the same key wins wherever it would
   * match. At equal priority the older one wins, which the held one is taken for.
   */
  mayLack(key: KeyText, priority: number): boolean {
    const { bestWanted, bestClaimed } = this.#cell(key);
    return bestWanted > priority || bestClaimed >= priority;
  }

  /** What is held and no entry asked for. */
  *unclaimed(): Iterable<readonly [KeyText, HeldRule]> {
    for (const [key, { held }] of this.#cells) for (const rule of held) if (!rule.claimed) yield [key, rule];
  }

  /** The key of `keyWords` value and mask words from `offset` on. */
  pack(table: TableIndex, values: Int32Array, masks: Int32Array, offset: number): KeyText {
    this.#words[0] = this.#position(table, masks, offset);
    let length = 1;
    for (let i = 0; i < keyWords; i++) if (masks[offset + i] !== 0) this.#words[length++] = values[offset + i] ?? 0;
    return latin1(this.#words, length);
  }

  /** What `pack` packed. */
  unpack(key: KeyText): { readonly table: number; readonly value: Int32Array; readonly mask: Int32Array } {
    const words = new Int32Array(Uint8Array.from(Buffer.from(key, "latin1")).buffer);
    const shape = defined(this.#shapes[words[0] ?? -1], "a key of this ledger");
    const mask = shape.slice(1);
    const value = new Int32Array(keyWords);
    let length = 1;
    for (let i = 0; i < keyWords; i++) if (mask[i] !== 0) value[i] = words[length++] ?? 0;
    return { table: defined(shape[0], "a shape begins with its table"), value, mask };
  }

  /** Where the mask of a table is in `#shapes`. */
  #position(table: TableIndex, masks: Int32Array, offset: number): number {
    const shape = this.#shape;
    let same = this.#at >= 0 && shape[0] === table;
    for (let i = 0; same && i < keyWords; i++) same = shape[1 + i] === masks[offset + i];
    if (same) return this.#at;
    shape[0] = table;
    for (let i = 0; i < keyWords; i++) shape[1 + i] = masks[offset + i] ?? 0;
    const text = latin1(shape, shape.length);
    const known = this.#shapeAt.get(text);
    this.#at = known ?? this.#shapes.length;
    if (known === undefined) {
      this.#shapeAt.set(text, this.#at);
      this.#shapes.push(shape.slice());
    }
    return this.#at;
  }

  #cell(key: KeyText): Cell {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell: Cell = { held: [], bestWanted: -1, bestClaimed: -1 };
    this.#cells.set(key, cell);
    return cell;
  }
}

function latin1(words: Int32Array, length: number): string {
  return Buffer.from(words.buffer, words.byteOffset, 4 * length).toString("latin1");
}

function sameAction(a: RuleAction, b: RuleAction): boolean {
  if (isSelector(a)) return isSelector(b) && (a === b || sameSelector(a, b));
  return !isSelector(b) && same(a, b);
}

function sameSelector(a: ActionSelector, b: ActionSelector): boolean {
  if (a.mode !== b.mode || a.choices.length !== b.choices.length) return false;
  return a.choices.every(({ action, weight, watch }, i) => {
    const other = b.choices[i];
    return other !== undefined && weight === other.weight && watch === other.watch && same(action, other.action);
  });
}

function same(a: PuntAction, b: PuntAction): boolean {
  const verdicts = a.green === b.green && a.yellow === b.yellow && a.red === b.red;
  return verdicts && a.queue === b.queue && a.mirror === b.mirror && sameRedirect(a.redirect, b.redirect);
}

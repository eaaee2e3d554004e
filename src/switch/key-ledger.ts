/** Keys that a datapath holds against keys that entries ask for. */
import { defined } from "../base/invariant.js";
import { keyWords } from "../datapath/frame-key.js";
import type { InstalledRule, PuntAction, RuleCookie, TableIndex } from "../datapath/rule.js";

/** A table with a value and a mask, packed into a latin1 string. */
export type KeyText = string;

/** A rule under one key, as the datapath tells it. */
export interface HeldRule {
  readonly priority: number;
  readonly action: PuntAction;
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
  readonly #words = new Int32Array(1 + 2 * keyWords);
  readonly #bytes = Buffer.from(this.#words.buffer);

  hold({ table, priority, value, mask, action, cookie }: InstalledRule): void {
    this.#cell(this.pack(table, value, mask, 0)).held.push({ priority, action, cookie, claimed: false });
  }

  /** An entry asks for a rule: true if it is held, with this priority and action. */
  claim(key: KeyText, priority: number, action: PuntAction): boolean {
    const cell = this.#cell(key);
    cell.bestWanted = Math.max(cell.bestWanted, priority);
    const found = cell.held.find((rule) => !rule.claimed && rule.priority === priority && same(rule.action, action));
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
    this.#words[0] = table;
    for (let i = 0; i < keyWords; i++) {
      this.#words[1 + i] = values[offset + i] ?? 0;
      this.#words[1 + keyWords + i] = masks[offset + i] ?? 0;
    }
    return this.#bytes.toString("latin1");
  }

  #cell(key: KeyText): Cell {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell: Cell = { held: [], bestWanted: -1, bestClaimed: -1 };
    this.#cells.set(key, cell);
    return cell;
  }
}

/** What `KeyLedger.pack` packed. */
export function unpackKey(key: KeyText): {
  readonly table: number;
  readonly value: Int32Array;
  readonly mask: Int32Array;
} {
  const bytes = Buffer.alloc(key.length, key, "latin1");
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const table = defined(words[0], "a key begins with its table");
  return { table, value: words.slice(1, 1 + keyWords), mask: words.slice(1 + keyWords) };
}

function same(a: PuntAction, b: PuntAction): boolean {
  return a.green === b.green && a.yellow === b.yellow && a.red === b.red && a.queue === b.queue;
}

/** The rules of one table: tuple-space search, one tuple per distinct mask. */
import type { Result } from "../../base/status.js";
import { Code, ok } from "../../base/status.js";
import { keyWords } from "../frame-key.js";
import { word } from "./parser.js";
import type { RuleTuple, SoftRule } from "./soft-rule.js";
import { Tuple, maskedHash, type HeldKey } from "./tuple.js";

/** Keys of a rule: `count` values and masks of `keyWords` words each. */
export interface RuleKeys {
  readonly values: Int32Array;
  readonly masks: Int32Array;
  readonly count: number;
}

/**
 * Finds the best rule for a frame in a time that grows with the number of masks, not of rules. Additions and
 * removals cost the same however many rules there are.
 *
 * Rules come in before they live (`SoftRule.livesIn`). Frames walk the tuples as of the last `publish`, by falling
 * best priority; what a rule yet to live asks of that walk is not in it until then.
 */
export class Classifier {
  /** Tuples by the hash of their mask. */
  readonly #byMask = new Map<number, Tuple[]>();
  #order: readonly Tuple[] = [];
  /** Tuples made since the last `publish`. */
  #fresh: Tuple[] = [];
  /** For each tuple of `#order`: best priority, need, position of the next tuple, then its hashed `pairs`. */
  #walk = new Int32Array(0);
  #masks = 0;
  /** True if the walk is not what the tuples say: one came, emptied, or has another best priority or need. */
  #stale = false;

  /** @param maxMasks distinct masks the rules may have */
  constructor(
    readonly name: string,
    readonly maxMasks: number,
  ) {}

  /**
   * The best rule that matches `key` and lives in `generation`.
   * @param among `naming`: of those rules only that name an EtherType
   */
  find(key: Int32Array, generation: number, among: "all" | "naming" = "all"): SoftRule | undefined {
    const absent = ~word(key, 0);
    const walk = this.#walk;
    let best: SoftRule | undefined;
    let at = 0;
    for (const tuple of this.#order) {
      if (best !== undefined && best.priority > word(walk, at)) break;
      const pairs = at + 3;
      const unmet = word(walk, at + 1) & absent;
      at = word(walk, at + 2);
      if (unmet !== 0 || (among === "naming" && !tuple.namesEtherType)) continue;
      const hash = maskedHash(walk, pairs, at, key, 0);
      if (!tuple.mayHold(hash)) continue;
      const rule = tuple.find(hash, key, generation);
      if (rule !== undefined && (best === undefined || rule.outranks(best))) best = rule;
    }
    return best;
  }

  /** Every key of every rule that lives in `generation`, as frames would find it. */
  *keys(generation: number): Generator<HeldKey, void, void> {
    for (const tuple of this.#order) yield* tuple.keys(generation);
  }

  /** Links `rule` under `keys`, all or none of them. RESOURCE_EXHAUSTED if it needs more masks than the table may hold. */
  add(keys: RuleKeys, rule: SoftRule): Result {
    for (let i = 0; i < keys.count; i++) {
      const tuple = this.#tupleOf(keys.masks, i * keyWords);
      if (tuple.planned === 0 && this.#masks >= this.maxMasks) {
        this.#stale = true;
        if (i > 0) this.#takeBack(rule);
        return {
          ok: false,
          status: { code: Code.RESOURCE_EXHAUSTED, message: this.#full(), fields: { table: this.name } },
        };
      }
      this.#plan(tuple, 1);
      const { best, need } = tuple;
      const cell = tuple.add(keys.values, i * keyWords, rule);
      if (tuple.best !== best || tuple.need !== need) this.#stale = true;
      if (i === 0) {
        rule.tuple = tuple;
        rule.cell = cell;
      } else rule.rest = [...rule.rest, { tuple, cell }];
    }
    return ok;
  }

  /** Takes `rule`'s keys out of what the open plan leaves; frames find it until `unlink`. */
  forget(rule: SoftRule): void {
    if (rule.tuple !== undefined) this.#plan(rule.tuple, -1);
    for (const { tuple } of rule.rest) this.#plan(tuple, -1);
  }

  /** Undoes `forget`. */
  keep(rule: SoftRule): void {
    if (rule.tuple !== undefined) this.#plan(rule.tuple, 1);
    for (const { tuple } of rule.rest) this.#plan(tuple, 1);
  }

  /** Unlinks `rule`. @precondition forgotten */
  unlink(rule: SoftRule): void {
    if (rule.tuple !== undefined) this.#remove(rule.tuple, rule.cell, rule);
    for (const { tuple, cell } of rule.rest) this.#remove(tuple, cell, rule);
  }

  /** Lets frames walk the tuples there are now. Costs nothing unless their order changed, else O(masks). */
  publish(): void {
    if (!this.#stale) return;
    this.#stale = false;
    const order: Tuple[] = [];
    for (const tuple of this.#order) this.#keep(tuple, order);
    for (const tuple of this.#fresh) this.#keep(tuple, order);
    this.#fresh = [];
    this.#order = order.sort((a, b) => b.best - a.best);
    this.#walk = walkOf(order);
  }

  /** Adds `tuple` to `order`, or drops it if it holds no rule. */
  #keep(tuple: Tuple, order: Tuple[]): void {
    if (tuple.linked > 0) {
      if (tuple.unsettled) tuple.settle();
      order.push(tuple);
      return;
    }
    const hash = maskHash(tuple.mask, 0);
    const others = (this.#byMask.get(hash) ?? []).filter((other) => other !== tuple);
    if (others.length > 0) this.#byMask.set(hash, others);
    else this.#byMask.delete(hash);
  }

  /** Undoes what `add` did of a rule before it failed. */
  #takeBack(rule: SoftRule): void {
    this.forget(rule);
    this.unlink(rule);
  }

  #plan(tuple: RuleTuple, change: 1 | -1): void {
    if (tuple.planned === 0) this.#masks++;
    tuple.planned += change;
    if (tuple.planned === 0) this.#masks--;
  }

  #remove(tuple: RuleTuple, cell: number, rule: SoftRule): void {
    tuple.remove(cell, rule);
    if (tuple.linked === 0 || tuple.unsettled) this.#stale = true;
  }

  #full(): string {
    return `table '${this.name}' holds ${this.#masks} distinct masks, its limit is ${this.maxMasks}`;
  }

  #tupleOf(masks: Int32Array, offset: number): Tuple {
    const hash = maskHash(masks, offset);
    const known = this.#byMask.get(hash);
    if (known !== undefined) for (const tuple of known) if (sameMask(tuple.mask, masks, offset)) return tuple;
    const tuple = new Tuple(masks.subarray(offset, offset + keyWords));
    if (known === undefined) this.#byMask.set(hash, [tuple]);
    else known.push(tuple);
    this.#fresh.push(tuple);
    return tuple;
  }
}

function maskHash(masks: Int32Array, offset: number): number {
  let hash = 0;
  for (let i = 0; i < keyWords; i++) hash = Math.imul(hash ^ word(masks, offset + i), 0x9e3779b1) ^ (hash >>> 15);
  return hash;
}

function sameMask(mask: Int32Array, masks: Int32Array, offset: number): boolean {
  for (let i = 0; i < keyWords; i++) if (word(mask, i) !== word(masks, offset + i)) return false;
  return true;
}

function walkOf(order: readonly Tuple[]): Int32Array<ArrayBuffer> {
  const walk = new Int32Array(order.reduce((length, { hashed }) => length + 3 + hashed, 0));
  let at = 0;
  for (const { best, need, pairs, hashed } of order) {
    walk[at] = best;
    walk[at + 1] = need;
    walk[at + 2] = at + 3 + hashed;
    at += 3;
    for (let i = 0; i < hashed; i++) walk[at++] = word(pairs, i);
  }
  return walk;
}

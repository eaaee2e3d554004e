/** The rules of one table that share one mask, found by hash. */
import { defined } from "../../base/invariant.js";
import { etherTypeMask, etherTypeWord, keyWords } from "../frame-key.js";
import { word } from "./parser.js";
import { Pile } from "./pile.js";
import type { RuleTuple, SoftRule } from "./soft-rule.js";

/** Filter bits per bucket, as a power of two: 16 keep false positives below 7 %. */
const filterShift = 4;
const firstCapacity = 4;

/** A rule under one of its keys. */
export interface HeldKey {
  readonly rule: SoftRule;
  /** `keyWords` words, borrowed until the next key is asked for. */
  readonly value: Int32Array;
  readonly mask: Int32Array;
}

/** What one addition or removal pays towards finding the best priority anew. */
const credit = 8;

/**
 * The hash of the words of `key`, from `offset` on, that `pairs` names between `from` and `to`, in pairs of a word's
 * index and its mask. The high half of a word is mixed into the low one first, so that prefixes too reach all bits of
 * a product.
 */
export function maskedHash(pairs: Int32Array, from: number, to: number, key: Int32Array, offset: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 2) {
    const masked = word(key, offset + word(pairs, at)) & word(pairs, at + 1);
    hash = Math.imul(hash ^ masked ^ (masked >>> 16), 0x9e3779b1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/**
 * A hash table of cells, one per distinct masked key, in columns that grow by doubling; cells stay where they are.
 * A cell holds the rules of its key in rank order. A frame whose key is in no cell is mostly told so by one bit of
 * the filter. Bucket and filter bit are the low bits of one hash, so keys that share a bit share the bucket too, and
 * clearing a bit needs a look at that bucket only.
 */
export class Tuple implements RuleTuple {
  /** The mask, `keyWords` words. */
  readonly mask: Int32Array;
  readonly namesEtherType: boolean;
  /** Index and mask of each word that is cared for; word 0 comes last. */
  readonly pairs: Int32Array;
  /** Length of the part of `pairs` that is hashed: not word 0, as keys that differ in nothing else are few. */
  readonly hashed: number;
  /** Presence bits that every rule requires; after removals perhaps fewer than could be. */
  need = -1;
  /** No rule's priority is higher; after removals perhaps higher than could be until `settle`. */
  best = -1;
  /** Rules linked, one per key. */
  linked = 0;
  /** Rules that the open plan leaves, one per key. */
  planned = 0;

  /** Buckets, and cells there is room for: a power of two. */
  #capacity = firstCapacity;
  /** First cell of each bucket plus 1. */
  #heads = new Int32Array(firstCapacity);
  #filter = new Int32Array((firstCapacity << filterShift) / 32);
  /** Mask that makes a hash the number of its filter bit. */
  #filterBits = (firstCapacity << filterShift) - 1;
  /** Per cell: next cell of its bucket (or free one) plus 1, hash, and the words of its key in the order of `pairs`. */
  #cells: Int32Array;
  readonly #stride: number;
  /** The best rule of each cell; undefined in free ones. */
  readonly #tops: (SoftRule | undefined)[] = [];
  /** All rules of the cells that have more than one. */
  readonly #piles = new Map<number, Pile>();
  /** First free cell plus 1. */
  #firstFree = 0;
  /** Rules whose priority is `best`. */
  #atBest = 0;
  #credit = 0;

  /** @param mask `keyWords` words, borrowed */
  constructor(mask: Int32Array) {
    this.mask = mask.slice();
    this.namesEtherType = (word(mask, etherTypeWord) & etherTypeMask) !== 0;
    const used = [...mask.keys()].filter((i) => word(mask, i) !== 0).sort((a, b) => b - a);
    this.pairs = Int32Array.from(used.flatMap((i) => [i, word(mask, i)]));
    this.hashed = word(mask, 0) === 0 ? this.pairs.length : this.pairs.length - 2;
    this.#stride = 2 + used.length;
    this.#cells = new Int32Array(firstCapacity * this.#stride);
  }

  /** False: no key of this hash is here. */
  mayHold(hash: number): boolean {
    const bit = hash & this.#filterBits;
    return (word(this.#filter, bit >>> 5) & (1 << bit)) !== 0;
  }

  /** The best rule that matches `key`, whose masked hash is `hash`, and lives in `generation`. */
  find(hash: number, key: Int32Array, generation: number): SoftRule | undefined {
    const cell = this.#cellOf(hash, key, 0);
    if (cell < 0) return undefined;
    const top = this.#tops[cell];
    if (top === undefined || top.livesIn(generation)) return top;
    for (const rule of this.#piles.get(cell) ?? []) if (rule.livesIn(generation)) return rule;
    return undefined;
  }

  /**
   * Links `rule` under the masked key at `offset` of `values`.
   * @returns its cell, to give to `remove`
   */
  add(values: Int32Array, offset: number, rule: SoftRule): number {
    const hash = maskedHash(this.pairs, 0, this.hashed, values, offset);
    let cell = this.mayHold(hash) ? this.#cellOf(hash, values, offset) : -1;
    if (cell >= 0) this.#pile(cell, rule);
    else {
      cell = this.#newCell(hash, values, offset);
      this.#tops[cell] = rule;
    }
    this.need &= word(values, offset);
    this.linked++;
    this.#credit += credit;
    if (rule.priority === this.best) this.#atBest++;
    else if (rule.priority > this.best) {
      this.best = rule.priority;
      this.#atBest = 1;
    }
    return cell;
  }

  /** Unlinks `rule` from `cell`. */
  remove(cell: number, rule: SoftRule): void {
    const pile = this.#piles.get(cell);
    if (pile === undefined) this.#free(cell);
    else {
      pile.remove(rule);
      this.#tops[cell] = pile.top;
      if (pile.size === 1) this.#piles.delete(cell);
    }
    this.linked--;
    this.#credit += credit;
    if (rule.priority === this.best) this.#atBest--;
  }

  /** Every key with each of its rules that lives in `generation`, out of the cells. */
  *keys(generation: number): Generator<HeldKey, void, void> {
    const value = new Int32Array(keyWords);
    for (let cell = 0; cell < this.#tops.length; cell++) {
      const top = this.#tops[cell];
      if (top === undefined) continue;
      let at = cell * this.#stride + 1;
      for (let i = 0; i < this.pairs.length; i += 2) value[word(this.pairs, i)] = word(this.#cells, ++at);
      for (const rule of this.#piles.get(cell) ?? [top])
        if (rule.livesIn(generation)) yield { rule, value, mask: this.mask };
    }
  }

  /** True if `settle` could lower `best` and additions and removals have paid for the search. */
  get unsettled(): boolean {
    return this.#atBest === 0 && this.#credit >= this.#tops.length;
  }

  /** Makes `best` the priority of the best rule. @precondition `unsettled` */
  settle(): void {
    this.#credit -= this.#tops.length;
    this.best = -1;
    for (const top of this.#tops) if (top !== undefined && top.priority > this.best) this.best = top.priority;
    for (const top of this.#tops) if (top?.priority === this.best) this.#atBest++;
    for (const pile of this.#piles.values()) {
      if (pile.top?.priority === this.best) this.#atBest--;
      for (const rule of pile) {
        if (rule.priority < this.best) break;
        this.#atBest++;
      }
    }
  }

  #pile(cell: number, rule: SoftRule): void {
    let pile = this.#piles.get(cell);
    if (pile === undefined) {
      pile = new Pile(defined(this.#tops[cell], "a cell in use has a rule"));
      this.#piles.set(cell, pile);
    }
    pile.add(rule);
    this.#tops[cell] = pile.top;
  }

  /** The cell of the key at `offset` of `keys`, whose masked hash is `hash`; -1 if there is none. */
  #cellOf(hash: number, keys: Int32Array, offset: number): number {
    const cells = this.#cells;
    const pairs = this.pairs;
    let cell = word(this.#heads, hash & (this.#capacity - 1)) - 1;
    for (; cell >= 0; cell = word(cells, cell * this.#stride) - 1) {
      let at = cell * this.#stride + 1;
      if (word(cells, at) !== hash) continue;
      let i = 0;
      while (i < pairs.length && word(cells, ++at) === (word(keys, offset + word(pairs, i)) & word(pairs, i + 1)))
        i += 2;
      if (i === pairs.length) return cell;
    }
    return -1;
  }

  #newCell(hash: number, values: Int32Array, offset: number): number {
    let cell = this.#firstFree - 1;
    if (cell >= 0) this.#firstFree = word(this.#cells, cell * this.#stride);
    else {
      cell = this.#tops.length;
      if (cell === this.#capacity) this.#grow();
    }
    let at = cell * this.#stride + 1;
    this.#cells[at] = hash;
    for (let i = 0; i < this.pairs.length; i += 2) this.#cells[++at] = word(values, offset + word(this.pairs, i));
    this.#link(cell, hash);
    return cell;
  }

  #link(cell: number, hash: number): void {
    const bucket = hash & (this.#capacity - 1);
    const bit = hash & this.#filterBits;
    this.#cells[cell * this.#stride] = word(this.#heads, bucket);
    this.#heads[bucket] = cell + 1;
    this.#filter[bit >>> 5] = word(this.#filter, bit >>> 5) | (1 << bit);
  }

  /** @precondition every cell is in use */
  #grow(): void {
    const count = this.#capacity;
    const cells = new Int32Array(2 * this.#cells.length);
    cells.set(this.#cells);
    this.#cells = cells;
    this.#capacity = 2 * count;
    this.#heads = new Int32Array(this.#capacity);
    this.#filter = new Int32Array((this.#capacity << filterShift) / 32);
    this.#filterBits = (this.#capacity << filterShift) - 1;
    for (let cell = 0; cell < count; cell++) this.#link(cell, word(cells, cell * this.#stride + 1));
  }

  #free(freed: number): void {
    const cells = this.#cells;
    const stride = this.#stride;
    const hash = word(cells, freed * stride + 1);
    const next = word(cells, freed * stride);
    const bucket = hash & (this.#capacity - 1);
    let before = -1;
    let sharesBit = false;
    for (let cell = word(this.#heads, bucket) - 1; cell >= 0; cell = word(cells, cell * stride) - 1) {
      if (word(cells, cell * stride) - 1 === freed) before = cell;
      if (cell !== freed && ((word(cells, cell * stride + 1) ^ hash) & this.#filterBits) === 0) sharesBit = true;
    }
    if (before < 0) this.#heads[bucket] = next;
    else cells[before * stride] = next;
    const bit = hash & this.#filterBits;
    if (!sharesBit) this.#filter[bit >>> 5] = word(this.#filter, bit >>> 5) & ~(1 << bit);
    this.#tops[freed] = undefined;
    cells[freed * stride] = this.#firstFree;
    this.#firstFree = freed + 1;
  }
}

/** The rules of one table that share one mask, found by hash. */
import { etherTypeMask, etherTypeWord, keyWords } from "../frame-key.js";
import { defined } from "../../base/invariant.js";
import { word } from "./parser.js";
import type { RuleTuple, SoftRule } from "./soft-rule.js";

/** Odd constants, one per key word. */
const multipliers = Int32Array.from({ length: keyWords }, (_, i) => (Math.imul(0x9e3779b1, 2 * i + 1) ^ (i << 13)) | 1);

/** Prefilter bits per bucket, as a power of two: 16 keep false positives below 7 %. */
const filterShift = 4;

/** What one addition or removal pays towards finding the best priority anew. */
const credit = 8;

/** `word` with its high half mixed into the low one, so that prefixes too reach all bits of a product. */
function spread(value: number): number {
  return value ^ (value >>> 16);
}

function finish(sum: number): number {
  const mixed = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/**
 * A hash table of cells, one per distinct masked key, in columns that grow by doubling; cells stay where they are.
 * A cell holds the rules of its key in rank order. A frame whose key is in no cell is mostly told so by one bit of
 * `filter`. Bucket and filter bit are the low bits of one hash, so keys that share a bit share the bucket too, and
 * clearing a bit needs a look at that bucket only.
 */
export class Tuple implements RuleTuple {
  /** The mask, `keyWords` words. */
  readonly mask: Int32Array;
  readonly namesEtherType: boolean;
  /** Presence bits that every rule requires; after removals perhaps fewer than could be. */
  need = -1;
  /** No rule's priority is higher; after removals perhaps higher than could be until `settle`. */
  best = -1;
  /** Rules linked, one per key. */
  linked = 0;
  /** Rules that the open plan leaves, one per key. */
  planned = 0;
  /** Next tuple in the chain of equal mask hashes. */
  sameHash: Tuple | undefined = undefined;

  /** Indices of the mask's words that are not zero, those words, and their multipliers. */
  readonly #used: Int32Array;
  readonly #care: Int32Array;
  readonly #multipliers: Int32Array;

  #capacity = 4;
  #heads = new Int32Array(4);
  #filter = new Int32Array(2);
  #words: Int32Array;
  #hashes = new Int32Array(4);
  #next = new Int32Array(4);
  readonly #tops: (SoftRule | undefined)[] = [];
  /** Cells with more than one rule: all of them by falling rank, the top one first. */
  readonly #piles = new Map<number, SoftRule[]>();
  /** First free cell plus 1; free cells are chained by `next`. */
  #free = 0;
  #atBest = 0;
  #credit = 0;

  /** @param mask `keyWords` words, borrowed */
  constructor(mask: Int32Array) {
    this.mask = mask.slice();
    this.namesEtherType = (word(mask, etherTypeWord) & etherTypeMask) !== 0;
    this.#used = Int32Array.from(mask.keys()).filter((i) => word(mask, i) !== 0);
    this.#care = this.#used.map((i) => word(mask, i));
    this.#multipliers = this.#used.map((i) => word(multipliers, i));
    this.#words = new Int32Array(4 * this.#used.length);
  }

  /** The best rule that matches `key` and lives in `generation`. */
  find(key: Int32Array, generation: number): SoftRule | undefined {
    const used = this.#used;
    const care = this.#care;
    const multiplier = this.#multipliers;
    const width = used.length;
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum = (sum + Math.imul(spread(word(key, word(used, i)) & word(care, i)), word(multiplier, i))) | 0;
    }
    const hash = finish(sum);
    const bit = hash & ((this.#capacity << filterShift) - 1);
    if ((word(this.#filter, bit >>> 5) & (1 << bit)) === 0) return undefined;
    let cell = word(this.#heads, hash & (this.#capacity - 1)) - 1;
    while (cell >= 0) {
      if (word(this.#hashes, cell) === hash && this.#holds(cell, key)) return this.#living(cell, generation);
      cell = word(this.#next, cell) - 1;
    }
    return undefined;
  }

  /**
   * Links `rule` under the masked key at `offset` of `values`.
   * @returns its cell, to give to `remove`
   */
  add(values: Int32Array, offset: number, rule: SoftRule): number {
    const hash = this.#hashOf(values, offset);
    let cell = this.#cellOf(values, offset, hash);
    if (cell < 0) {
      cell = this.#newCell(values, offset, hash);
      this.#tops[cell] = rule;
    } else {
      this.#pile(cell, rule);
    }
    this.need &= word(values, offset);
    this.linked++;
    this.#credit += credit;
    if (rule.priority > this.best) {
      this.best = rule.priority;
      this.#atBest = 1;
    } else if (rule.priority === this.best) this.#atBest++;
    return cell;
  }

  /** Unlinks `rule` from `cell`. */
  remove(cell: number, rule: SoftRule): void {
    const pile = this.#piles.get(cell);
    if (pile === undefined) this.#freeCell(cell);
    else {
      pile.splice(rankIn(pile, rule), 1);
      this.#tops[cell] = pile[0];
      if (pile.length === 1) this.#piles.delete(cell);
    }
    this.linked--;
    this.#credit += credit;
    if (rule.priority === this.best) this.#atBest--;
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
    for (const top of this.#tops) if (top !== undefined && top.priority === this.best) this.#atBest++;
    for (const pile of this.#piles.values()) {
      for (let i = 1; i < pile.length && pile[i]?.priority === this.best; i++) this.#atBest++;
    }
  }

  #living(cell: number, generation: number): SoftRule | undefined {
    const top = this.#tops[cell];
    if (top === undefined || top.livesIn(generation)) return top;
    return this.#piles.get(cell)?.find((rule) => rule.livesIn(generation));
  }

  #pile(cell: number, rule: SoftRule): void {
    const pile = this.#piles.get(cell);
    if (pile !== undefined) pile.splice(rankIn(pile, rule), 0, rule);
    else {
      const top = defined(this.#tops[cell], "a cell in use has a rule");
      this.#piles.set(cell, rule.outranks(top) ? [rule, top] : [top, rule]);
    }
    this.#tops[cell] = this.#piles.get(cell)?.[0];
  }

  /** True if `key`, masked, is that of `cell`. */
  #holds(cell: number, key: Int32Array): boolean {
    const width = this.#used.length;
    let at = cell * width;
    for (let i = 0; i < width; i++) {
      if (word(this.#words, at++) !== (word(key, word(this.#used, i)) & word(this.#care, i))) return false;
    }
    return true;
  }

  #hashOf(values: Int32Array, offset: number): number {
    let sum = 0;
    for (let i = 0; i < this.#used.length; i++) {
      sum = (sum + Math.imul(spread(word(values, offset + word(this.#used, i))), word(this.#multipliers, i))) | 0;
    }
    return finish(sum);
  }

  #cellOf(values: Int32Array, offset: number, hash: number): number {
    const width = this.#used.length;
    let cell = word(this.#heads, hash & (this.#capacity - 1)) - 1;
    for (; cell >= 0; cell = word(this.#next, cell) - 1) {
      if (word(this.#hashes, cell) !== hash) continue;
      let i = 0;
      while (i < width && word(this.#words, cell * width + i) === word(values, offset + word(this.#used, i))) i++;
      if (i === width) return cell;
    }
    return -1;
  }

  #newCell(values: Int32Array, offset: number, hash: number): number {
    let cell = this.#free - 1;
    if (cell >= 0) this.#free = word(this.#next, cell);
    else {
      cell = this.#tops.length;
      if (cell === this.#capacity) this.#grow();
    }
    const width = this.#used.length;
    for (let i = 0; i < width; i++) this.#words[cell * width + i] = word(values, offset + word(this.#used, i));
    this.#hashes[cell] = hash;
    this.#chain(cell, hash);
    return cell;
  }

  #chain(cell: number, hash: number): void {
    const bucket = hash & (this.#capacity - 1);
    const bit = hash & ((this.#capacity << filterShift) - 1);
    this.#next[cell] = word(this.#heads, bucket);
    this.#heads[bucket] = cell + 1;
    this.#filter[bit >>> 5] = word(this.#filter, bit >>> 5) | (1 << bit);
  }

  /** @precondition every cell is in use */
  #grow(): void {
    const cells = this.#capacity;
    this.#capacity *= 2;
    this.#words = grown(this.#words);
    this.#hashes = grown(this.#hashes);
    this.#next = grown(this.#next);
    this.#heads = new Int32Array(this.#capacity);
    this.#filter = new Int32Array((this.#capacity << filterShift) / 32);
    for (let cell = 0; cell < cells; cell++) this.#chain(cell, word(this.#hashes, cell));
  }

  #freeCell(freed: number): void {
    const hash = word(this.#hashes, freed);
    const bits = (this.#capacity << filterShift) - 1;
    const bucket = hash & (this.#capacity - 1);
    let before = -1;
    let others = 0;
    for (let cell = word(this.#heads, bucket) - 1; cell >= 0; cell = word(this.#next, cell) - 1) {
      if (word(this.#next, cell) - 1 === freed) before = cell;
      if (cell !== freed && ((word(this.#hashes, cell) ^ hash) & bits) === 0) others++;
    }
    if (before < 0) this.#heads[bucket] = word(this.#next, freed);
    else this.#next[before] = word(this.#next, freed);
    const bit = hash & bits;
    if (others === 0) this.#filter[bit >>> 5] = word(this.#filter, bit >>> 5) & ~(1 << bit);
    this.#tops[freed] = undefined;
    this.#next[freed] = this.#free;
    this.#free = freed + 1;
  }
}

function grown(column: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(2 * column.length);
  wider.set(column);
  return wider;
}

/** Where `rule` is or belongs in `pile`, which is in rank order. */
function rankIn(pile: readonly SoftRule[], rule: SoftRule): number {
  let low = 0;
  let high = pile.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pile[middle]?.outranks(rule) === true) low = middle + 1;
    else high = middle;
  }
  return low;
}

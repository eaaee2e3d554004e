/** The rules of one key, by falling rank. */
import type { SoftRule } from "./soft-rule.js";

const blockRules = 256;

/**
 * Rules in rank order, in blocks of bounded length, so that adding and removing one moves few of the others. Never
 * empty: it begins with a rule, and whoever removes the last one drops the pile.
 */
export class Pile {
  readonly #blocks: SoftRule[][];
  #size = 1;

  constructor(rule: SoftRule) {
    this.#blocks = [[rule]];
  }

  get size(): number {
    return this.#size;
  }

  /** The rule of highest rank. */
  get top(): SoftRule | undefined {
    return this.#blocks[0]?.[0];
  }

  add(rule: SoftRule): void {
    const at = this.#blockOf(rule);
    const block = this.#blocks[at] ?? [];
    block.splice(rankIn(block, rule), 0, rule);
    if (block.length > blockRules) this.#blocks.splice(at + 1, 0, block.splice(blockRules / 2));
    this.#size++;
  }

  /** @precondition `rule` is in the pile */
  remove(rule: SoftRule): void {
    const at = this.#blockOf(rule);
    const block = this.#blocks[at] ?? [];
    block.splice(rankIn(block, rule), 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
    this.#size--;
  }

  *[Symbol.iterator](): Generator<SoftRule, void, void> {
    for (const block of this.#blocks) yield* block;
  }

  /** The block that holds `rule` or would: the last one whose first rule is not outranked by it. */
  #blockOf(rule: SoftRule): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#blocks[middle]?.[0]?.outranks(rule) === true || this.#blocks[middle]?.[0] === rule) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where `rule` is or belongs in `block`. */
function rankIn(block: readonly SoftRule[], rule: SoftRule): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (block[middle]?.outranks(rule) === true) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** ACL entries → punt rules: the canonical record of a key becomes key words. */
import { defined } from "../base/invariant.js";
import { keyFields, keyWords, Presence } from "../datapath/frame-key.js";
import { portFromText } from "../entity/port-number.js";
import { bigintAt, headBytes, numberAt, textOf, type RecordLayout, type Slot } from "../entity/record-layout.js";
import type { BoundField, BoundTable } from "./bindings.js";
import { rangePrefixes } from "./port-range.js";

/** Prefix rules of one RANGE at most. */
const maxPrefixes = 30;

/** One field of a table, with all that lowering needs looked up. */
interface Step {
  readonly slot: Slot;
  readonly slotIndex: number;
  readonly word: number;
  readonly shift: number;
  readonly presence: number;
  readonly inverted: boolean;
  /** Bits of the word above a port field that is narrower than a port: they are zero. */
  readonly above: number;
}

/**
 * Lowers the keys of one table. `values`, `masks` and `count` hold the result until the next call, in the layout of
 * `PuntRule`.
 */
export class KeyCompiler {
  readonly values: Int32Array;
  readonly masks: Int32Array;
  count = 0;

  readonly #layout: RecordLayout;
  readonly #steps: readonly Step[];
  readonly #ranges: readonly Step[];
  /** Constraints of the key that contradict each other. */
  #contradictions = 0;
  /** The only LPM field of a table whose entries have no priority. */
  readonly #lpm: Slot | undefined;

  constructor(table: BoundTable, layout: RecordLayout) {
    this.#layout = layout;
    this.#lpm = layout.slots.find((slot) => slot.kind === "lpm");
    const steps = table.fields.map((bound) => stepOf(bound, layout));
    this.#steps = steps.filter((step) => step.slot.kind !== "range");
    this.#ranges = steps.filter((step) => step.slot.kind === "range");
    const words = keyWords * maxPrefixes ** this.#ranges.length;
    this.values = new Int32Array(words);
    this.masks = new Int32Array(words);
  }

  /**
   * The rule's priority: the entry's own, or one more than its prefix length where entries have none (longest prefix
   * wins). At least 1, for the default entry has 0.
   */
  priority(record: Uint8Array): number {
    const own = numberAt(record, 0, headBytes);
    if (own !== 0) return own;
    return 1 + (this.#lpm === undefined ? 0 : numberAt(record, this.#lpm.offset + this.#lpm.bytes, 2));
  }

  /** Fills `values`, `masks` and `count` from a key record. */
  compile(record: Uint8Array): void {
    this.compileDefault();
    for (const step of this.#steps) this.#place(step, record);
    for (const step of this.#ranges) this.#expand(step, record);
    if (this.#contradictions > 0) this.#never();
  }

  /** The key of the default entry: everything. */
  compileDefault(): void {
    for (let i = 0; i < keyWords; i++) this.values[i] = this.masks[i] = 0;
    this.count = 1;
    this.#contradictions = 0;
  }

  #place(step: Step, record: Uint8Array): void {
    const { slot } = step;
    const { offset, bytes } = slot;
    if (slot.format.kind === "sdn-string") {
      this.#placePort(step, record);
      return;
    }
    const { width } = slot.format;
    switch (slot.kind) {
      case "optional":
        if (record[offset] !== 0) this.#number(step, record, offset + 1, bytes, width);
        return;
      case "ternary": {
        this.#masked(step, record, offset, bytes);
        return;
      }
      case "lpm": {
        this.#number(step, record, offset, bytes, width, numberAt(record, offset + bytes, 2));
        return;
      }
      case "exact":
      case "param": {
        this.#number(step, record, offset, bytes, width);
        return;
      }
      case "range":
        return;
    }
  }

  /** A port named by text: decimal, checked when the entry was validated. */
  #placePort(step: Step, record: Uint8Array): void {
    const text = textOf(record, this.#layout, step.slotIndex);
    if (text.length === 0) return;
    let port = 0;
    for (const digit of text) port = port * 10 + (digit - 48);
    this.#bits(step.word, port | 0, -1, step);
  }

  /** `value` with a mask of the first `prefix` of `width` bits. */
  #number(step: Step, record: Uint8Array, offset: number, bytes: number, width: number, prefix = width): void {
    let rest = width;
    for (let i = bytes - 1, at = step.shift; i >= 0; i--, at += 8, rest -= 8) {
      const inByte = Math.min(8, rest);
      const cut = Math.max(0, Math.min(inByte, width - prefix - (width - rest)));
      const mask = ((1 << inByte) - 1) & ~((1 << cut) - 1);
      if (mask !== 0) this.#byte(step, at, record[offset + i] ?? 0, mask);
    }
  }

  #masked(step: Step, record: Uint8Array, offset: number, bytes: number): void {
    for (let i = bytes - 1, at = step.shift; i >= 0; i--, at += 8) {
      const mask = record[offset + bytes + i] ?? 0;
      if (mask !== 0) this.#byte(step, at, record[offset + i] ?? 0, mask);
    }
  }

  /** Key fields never let a byte straddle two words. */
  #byte(step: Step, at: number, value: number, mask: number): void {
    const bit = at & 31;
    this.#bits(step.word - (at >> 5), ((step.inverted ? value ^ mask : value) & mask) << bit, mask << bit, step);
  }

  #bits(word: number, value: number, mask: number, step: Step): void {
    this.#constrain(word, value, mask);
    if (step.above !== 0) this.#constrain(word, 0, step.above);
    if (step.presence !== 0) this.#constrain(0, step.presence, step.presence);
  }

  #constrain(word: number, value: number, mask: number): void {
    const before = this.masks[word] ?? 0;
    if ((before & mask & ((this.values[word] ?? 0) ^ value)) !== 0) this.#contradictions++;
    this.masks[word] = before | mask;
    this.values[word] = (this.values[word] ?? 0) | value;
  }

  /** Multiplies the keys made so far by the prefixes of one RANGE. */
  #expand(step: Step, record: Uint8Array): void {
    const { slot } = step;
    const low = numberAt(record, slot.offset, slot.bytes);
    const high = numberAt(record, slot.offset + slot.bytes, slot.bytes);
    const width = slot.format.kind === "bits" ? slot.format.width : 0;
    if (low === 0 && high === 2 ** width - 1) return;
    const prefixes = rangePrefixes(low, high, width);
    const before = this.count;
    for (let p = prefixes.length - 1; p >= 0; p--) {
      const [value, mask] = defined(prefixes[p], "p is an index");
      for (let k = 0; k < before; k++) {
        const to = (p * before + k) * keyWords;
        if (p > 0) {
          this.values.copyWithin(to, k * keyWords, (k + 1) * keyWords);
          this.masks.copyWithin(to, k * keyWords, (k + 1) * keyWords);
        }
        this.#or(to + step.word, value << step.shift, mask << step.shift);
        this.#or(to, step.presence, step.presence);
      }
    }
    this.count = before * prefixes.length;
  }

  #or(at: number, value: number, mask: number): void {
    this.values[at] = (this.values[at] ?? 0) | value;
    this.masks[at] = (this.masks[at] ?? 0) | mask;
  }

  #never(): void {
    for (let k = 0; k < this.count; k++) this.#or(k * keyWords, Presence.never, Presence.never);
    for (let i = 0; i < this.count * keyWords; i++) this.values[i] = (this.values[i] ?? 0) & (this.masks[i] ?? 0);
  }
}

function stepOf({ field, binding }: BoundField, layout: RecordLayout): Step {
  const slot = defined(layout.slots[field.index], "one slot per field");
  const key = keyFields[binding.key];
  return {
    slot,
    slotIndex: field.index,
    word: key.word,
    shift: key.shift,
    presence: key.presence | binding.presence,
    inverted: binding.inverted,
    above: binding.key === "ingress_port" && slot.format.kind === "bits" ? aboveWidth(slot.format.width) : 0,
  };
}

const aboveWidth = (width: number) => (width < 32 ? -1 << width : 0);

/**
 * The number that a parameter of an entry gives: its value, or what its text is in decimal. Undefined: no number below
 * 2 ** 32. `text` says the value in messages.
 */
export function numberOf(
  record: Uint8Array,
  layout: RecordLayout,
  param: number,
): { readonly number: number | undefined; readonly text: string } {
  const slot = defined(layout.slots[param], "one slot per parameter");
  if (slot.format.kind === "sdn-string") {
    const bytes = textOf(record, layout, param);
    const named = portFromText(bytes);
    return { number: named === 0 ? undefined : named, text: `'${Buffer.from(bytes).toString()}'` };
  }
  const value = bigintAt(record, slot.offset, slot.bytes);
  return { number: value <= 0xffffffffn ? Number(value) : undefined, text: value.toString() };
}

/** The queue an entry names by its QOS_QUEUE parameter: the text itself, or the number in decimal. */
export function queueName(record: Uint8Array, layout: RecordLayout, param: number): string {
  const slot = defined(layout.slots[param], "one slot per parameter");
  if (slot.format.kind === "sdn-string") return Buffer.from(textOf(record, layout, param)).toString();
  return bigintAt(record, slot.offset, slot.bytes).toString();
}

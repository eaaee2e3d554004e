/** Arrays of indexed counters or meters: a value for all cells of one, and the cells that differ. */
import { refusal } from "../base/situation.js";
import { maxOddCells } from "../entity/cell.js";
import { Collection } from "./collection.js";
import type { Stage } from "./stage.js";
import { Version } from "./version.js";

/** A cell whose value is not that of the rest. */
export interface OddCell<V> {
  readonly value: V;
}

/** One array. `cells`: by index in decimal. */
export interface ArrayState<V> {
  readonly rest: V;
  readonly cells: Collection<OddCell<V>>;
}

export interface CellArraysOptions<V> {
  readonly noun: "counter" | "meter";
  /** The value of every cell at first. */
  readonly initial: V;
  readonly same: (a: V, b: V) => boolean;
}

/** Every array of one kind. A write costs what it names, whatever the size of the array: all of it is one value. */
export class CellArrays<V> {
  /** By id in decimal; all of them are there from the start. */
  readonly arrays: Collection<ArrayState<V>>;
  readonly #names: ReadonlyMap<number, { readonly name: string }>;
  readonly #options: CellArraysOptions<V>;

  constructor(arrays: ReadonlyMap<number, { readonly name: string }>, options: CellArraysOptions<V>) {
    this.#names = arrays;
    this.#options = options;
    this.arrays = new Collection({
      owner: "the device",
      capacity: arrays.size,
      noun: "arrays",
      describe: (key) => this.#nameOf(Number(key)),
    });
    for (const id of arrays.keys()) {
      const state = { rest: options.initial, cells: this.#cells(id) };
      this.arrays.heads.set(id.toString(), new Version(id.toString(), 0, undefined, "", state));
    }
    this.arrays.entries = arrays.size;
  }

  /**
   * Sets cell `index` of array `id`, or all of its cells if `index` is undefined.
   * @throws StatusError RESOURCE_EXHAUSTED if more than `maxOddCells` cells would differ from the rest
   */
  write(stage: Stage, id: number, index: bigint | undefined, value: V): void {
    const { rest, cells } = stage.require(this.arrays, id.toString()).extras;
    const { same } = this.#options;
    if (index === undefined) {
      if (cells.entries === 0 && same(rest, value)) return;
      stage.modify(this.arrays, id.toString(), "", { rest: value, cells: this.#cells(id) });
      return;
    }
    const key = index.toString();
    const cell = stage.find(cells, key);
    if (cell === undefined) {
      if (same(rest, value)) return;
      if (cells.entries >= maxOddCells)
        throw refusal("full", `${this.#nameOf(id)} has ${maxOddCells} cells that differ from the rest, its limit`);
      stage.insert(cells, key, "", { value });
    } else if (same(rest, value)) stage.delete(cells, key);
    else if (!same(cell.extras.value, value)) stage.modify(cells, key, "", { value });
  }

  /** What the cells of array `id` hold for a reader of `generation`. @precondition the reader holds a snapshot of it */
  at(id: number, generation: number): (index: bigint) => V {
    const array = Version.visible(this.arrays.heads.get(id.toString()), generation)?.extras;
    if (array === undefined) return () => this.#options.initial;
    const { rest, cells } = array;
    if (cells.heads.size === 0) return () => rest;
    return (index) => {
      const cell = Version.visible(cells.heads.get(index.toString()), generation);
      return cell === undefined ? rest : cell.extras.value;
    };
  }

  /**
   * What makes arrays as they are for a reader of `generation`: a value for all cells (`index` undefined), then those that
   * differ. Nothing of what is as it was at first. @precondition as `at`
   */
  *written(
    generation: number,
  ): Generator<{ readonly id: number; readonly index: bigint | undefined; readonly value: V }> {
    for (const head of this.arrays.heads.values()) {
      const array = Version.visible(head, generation);
      if (array === undefined) continue;
      const { rest, cells } = array.extras;
      const id = Number(array.key);
      if (!this.#options.same(rest, this.#options.initial)) yield { id, index: undefined, value: rest };
      for (const cell of cells.heads.values()) {
        const version = Version.visible(cell, generation);
        if (version !== undefined) yield { id, index: BigInt(version.key), value: version.extras.value };
      }
    }
  }

  #cells(id: number): Collection<OddCell<V>> {
    const describe = (key: string) => `cell ${key}`;
    const noun = "cells that differ from the rest";
    return new Collection({ owner: this.#nameOf(id), capacity: maxOddCells, noun, describe });
  }

  #nameOf(id: number): string {
    return `${this.#options.noun} '${this.#names.get(id)?.name ?? id}'`;
  }
}

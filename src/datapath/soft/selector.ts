/** Rules that pick one of several actions for each frame. */
import type { PortId } from "../port.js";
import type { ActionSelector } from "../rule.js";
import { flowHash, rehash } from "./flow-hash.js";

/** Which ports are up. */
export interface PortStates {
  /** Another number after each change of any port. */
  readonly revision: number;
  isUp(port: PortId): boolean;
}

/** A selector as the software switch holds it, shared by all rules that have it. */
export class SoftSelector {
  /** For each choice the sum of the weights up to and with its own. */
  readonly #ends: Float64Array;
  readonly #watches: boolean;
  /** The choices that are not left out as of `#revision`, and the sums of their weights. */
  #left: number[] = [];
  #leftEnds = new Float64Array(0);
  #revision = -1;

  constructor(readonly told: ActionSelector) {
    const { choices } = told;
    this.#ends = sums(choices.map(({ weight }) => weight));
    this.#watches = choices.some(({ watch }) => watch !== undefined);
  }

  /**
   * The place of the choice at `point` of all, or if that is left out, the one at `instead` of those that are left.
   * @param point, instead 0 up to, not including, 1
   * @returns −1 if none is left
   */
  choose(point: number, instead: number, ports: PortStates): number {
    const { choices } = this.told;
    const first = at(this.#ends, point);
    const watch = choices[first]?.watch;
    if (!this.#watches || first < 0 || watch === undefined || ports.isUp(watch)) return first;
    if (this.#revision !== ports.revision) {
      this.#revision = ports.revision;
      this.#left = [...choices.keys()].filter((i) => {
        const port = choices[i]?.watch;
        return port === undefined || ports.isUp(port);
      });
      this.#leftEnds = sums(this.#left.map((i) => choices[i]?.weight ?? 0));
    }
    return this.#left[at(this.#leftEnds, instead)] ?? -1;
  }
}

/** Draws the choices for frames. */
export class Chooser {
  readonly #ports: PortStates;
  readonly #random: () => number;

  /** @param random 0 up to, not including, 1 */
  constructor(ports: PortStates, random: () => number) {
    this.#ports = ports;
    this.#random = random;
  }

  /** The place of the choice that a frame with `key` takes; −1: none is left. */
  choose(selector: SoftSelector, key: Int32Array): number {
    if (selector.told.mode === "random") return selector.choose(this.#random(), this.#random(), this.#ports);
    const hash = flowHash(key);
    return selector.choose(hash / hashes, rehash(hash) / hashes, this.#ports);
  }
}

const hashes = 2 ** 32;

function sums(weights: readonly number[]): Float64Array<ArrayBuffer> {
  const ends = new Float64Array(weights.length);
  let sum = 0;
  for (const [i, weight] of weights.entries()) ends[i] = sum += weight;
  return ends;
}

/** The first whose end lies behind `point` of the whole; −1 if there is none at all. */
function at(ends: Float64Array, point: number): number {
  const value = point * (ends.at(-1) ?? 0);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** Cells of indexed counters and meters: which there are, and what one holds. @see P4Runtime §9.3, §9.4 */
import { refusal } from "../base/situation.js";
import type { IndexedCounter, IndexedMeter } from "../pipeline/pipeline.js";
import type { CounterData, MeterCounterData } from "./table-entry.js";

/** An array of cells as messages name it. */
export interface CellArrayName {
  readonly noun: "counter" | "meter";
  readonly array: IndexedCounter | IndexedMeter;
}

/** Cells that one array may have which differ from the rest of it. */
export const maxOddCells = 2 ** 20;

/** Cells that a Read without index goes through. */
export const maxReadCells = 2n ** 24n;

/** A counter nobody has written. */
export const zeroCounter: CounterData = { packets: 0n, bytes: 0n };

/** The counters per colour of a cell: nothing is metered by it. */
export const zeroMeterCounter: MeterCounterData = { green: zeroCounter, yellow: zeroCounter, red: zeroCounter };

export function sameCounter(a: CounterData, b: CounterData): boolean {
  return a.packets === b.packets && a.bytes === b.bytes;
}

/**
 * Checks that a controller may name cells of an array, and this one.
 * @param index undefined: all of them
 * @param isPort true for ports of the device
 * @throws StatusError UNIMPLEMENTED if its indexes are text, INVALID_ARGUMENT if the index is negative, OUT_OF_RANGE
 *   if there is no such cell (CTR-17, CTR-18, CTR-24, MTR-18, MTR-26, AMB-49)
 */
export function checkCellIndex(
  { noun, array }: CellArrayName,
  index: bigint | undefined,
  isPort: (port: number) => boolean,
): void {
  const what = `${noun} '${array.name}'`;
  if (array.index === "text")
    throw refusal("unsupported", `${what}: its index is translated to text, and an index in a message is a number`);
  if (index === undefined) return;
  if (index < 0n) throw refusal("negative-index", `${what}: index ${index.toString()} is negative`);
  if (array.index === "port") {
    if (!isPort(Number(index)))
      throw refusal("index-out-of-range", `${what}: index ${index.toString()} is no port; it has a cell for each port`);
    return;
  }
  if (index >= array.size)
    throw refusal(
      "index-out-of-range",
      `${what}: index ${index.toString()} is beyond its ${array.size.toString()} cells`,
      {
        size: array.size.toString(),
      },
    );
}

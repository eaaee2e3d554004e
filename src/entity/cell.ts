/** Cells of indexed counters and meters. @see P4Runtime §9.3, §9.4 */
import type { CounterData, MeterConfig } from "./table-entry.js";

/** What was written to a cell of a counter. A cell that was never written is not stored: it is zero. */
export interface CounterCell {
  readonly data: CounterData;
}

/** What was written to a cell of a meter; undefined: the default, every packet is green. */
export interface MeterCell {
  readonly config: MeterConfig | undefined;
}

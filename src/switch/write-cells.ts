/** Updates of cells of indexed counters and meters. No rule counts or meters in them. */
import { absurd } from "../base/invariant.js";
import type { CellUpdate } from "../entity/update.js";
import type { Stage } from "../store/stage.js";
import type { Program } from "./program.js";

/** @throws StatusError RESOURCE_EXHAUSTED (CTR-14 … CTR-16, MTR-16, MTR-17) */
export function applyCell(stage: Stage, { store }: Program, update: CellUpdate): void {
  switch (update.kind) {
    case "counter-cell":
      if (update.data !== undefined) store.counters.write(stage, update.array.id, update.index, update.data);
      return;
    case "meter-cell":
      store.meters.write(stage, update.array.id, update.index, update.config);
      return;
    default:
      absurd(update);
  }
}

/** Which meter configurations a meter's type allows. */
import { refusal } from "../base/situation.js";
import type { DirectMeter } from "../pipeline/pipeline.js";
import type { MeterConfig } from "./table-entry.js";

const fields = ["cir", "cburst", "pir", "pburst", "eburst"] as const satisfies readonly (keyof MeterConfig)[];

/** True if two meters are configured alike; undefined: at its default. */
export function sameMeterConfig(a: MeterConfig | undefined, b: MeterConfig | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return fields.every((field) => a[field] === b[field]);
}

/** @throws StatusError INVALID_ARGUMENT naming meter, field and rule (MTR-02, MTR-04 … MTR-06) */
export function checkMeterConfig(config: MeterConfig, meter: DirectMeter): void {
  const refuse = (why: string) => refusal("bad-meter-config", `meter '${meter.name}' (${meter.type}): ${why}`);
  for (const field of fields) if (config[field] < 0n) throw refuse(`${field} ${config[field].toString()} is negative`);
  const { cir, cburst, pir, pburst, eburst } = config;
  if (meter.type !== "single-rate-three-color" && eburst !== 0n) throw refuse(`eburst ${eburst.toString()} must be 0`);
  if (meter.type === "two-rate-three-color") return;
  if (pir !== cir) throw refuse(`pir ${pir.toString()} must equal cir ${cir.toString()}`);
  if (pburst !== cburst) throw refuse(`pburst ${pburst.toString()} must equal cburst ${cburst.toString()}`);
}

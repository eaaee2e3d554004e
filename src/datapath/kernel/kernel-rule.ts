/** A rule that the tc program holds. */
import { defined, invariant } from "../../base/invariant.js";
import type { MeterConfig, PuntAction, RuleCookie, RuleHandle, Verdict } from "../rule.js";

/** Numbers of verdicts, those of `p4rtd_abi.h`. */
const verdicts: Readonly<Record<Verdict, number>> = {
  forward: 0,
  drop: 1,
  trap: 2,
  copy: 3,
  deny: 4,
  "copy-cancel": 5,
};
const yellowShift = 4;
const redShift = 8;
const queueShift = 16;

/** An action as `p4rtd_abi.h` packs it. */
export function packAction({ green, yellow, red, queue }: PuntAction): number {
  const colours = verdicts[green] | (verdicts[yellow] << yellowShift) | (verdicts[red] << redShift);
  return colours | (queue === undefined ? 0 : (queue + 1) << queueShift);
}

const verdictOf: readonly Verdict[] = (Object.keys(verdicts) as Verdict[]).toSorted(
  (a, b) => verdicts[a] - verdicts[b],
);
const verdictMask = (1 << yellowShift) - 1;

/** The action that `packed` stands for. @throws InvariantError for a verdict there is not */
export function unpackAction(packed: number): PuntAction {
  const verdict = (shift: number) => defined(verdictOf[(packed >>> shift) & verdictMask], "a verdict of p4rtd_abi.h");
  const colours = { green: verdict(0), yellow: verdict(yellowShift), red: verdict(redShift) };
  const queue = (packed >>> queueShift) - 1;
  return queue < 0 ? colours : { ...colours, queue };
}

/** A meter as `BpfDatapath.add` takes it. */
export function packMeter(config: MeterConfig | undefined): BigUint64Array | undefined {
  return config && BigUint64Array.of(config.cir, config.cburst, config.pir, config.pburst, config.eburst);
}

/** One rule, which is also its handle. */
export class KernelRule {
  meter: MeterConfig | undefined;
  /** True once a plan removes it. */
  leaving = false;
  /** What it had counted when it was removed, for readers of older snapshots. */
  last: readonly [packets: number, bytes: number] | undefined = undefined;
  /** What of it was yellow and red: packets and bytes of each. */
  lastColours: Float64Array | undefined = undefined;
  /** What the rules before it had counted that it goes on for. */
  inherited: readonly [packets: number, bytes: number] | undefined = undefined;
  /** What of that was yellow and red: packets and bytes of each. */
  inheritedColours: Float64Array | undefined = undefined;

  /**
   * @param number the tc program's, its own until it is removed
   * @param epoch how often everything had been dropped when it was added
   */
  constructor(
    readonly number: number,
    readonly table: number,
    readonly epoch: number,
    meter: MeterConfig | undefined,
    public cookie: RuleCookie,
  ) {
    this.meter = meter;
  }
}

/** The rule behind `handle`. @throws InvariantError for the handle of another backend */
export function ruleOf(handle: RuleHandle): KernelRule {
  const rule: object = handle;
  invariant(rule instanceof KernelRule, "a rule handle of the kernel datapath");
  return rule;
}

export function handleOf(rule: KernelRule): RuleHandle {
  const handle: object = rule;
  return handle as RuleHandle;
}

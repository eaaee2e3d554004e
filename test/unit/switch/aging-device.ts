/** A device with one table whose entries age, and what tests of it ask and see. */
import type { Status } from "../../../src/base/status.js";
import { toLong } from "../../../src/wire/int64.js";
import { call, entry, exact, update, type Plain, type SentUpdate, type TableEntry } from "../../support/entities.js";
import { actions, p4info } from "../../support/programs.js";
import { Device } from "./device.js";

export const ms = 1_000_000;

/** The table ages; its key is the EtherType, and nothing realises `set`. */
export const agingProgram = p4info([
  {
    at: 1,
    name: "aging",
    fields: [["ether_type", "exact", 16]],
    actions: {
      [actions.noAction]: "default-only",
      [actions.drop]: "both",
      [actions.trap]: "both",
      [actions.set]: "both",
    },
    initialDefault: { actionId: actions.drop, args: [] },
    counter: true,
    size: 4096,
    idleTimeout: true,
  },
]);

type Rest = Omit<TableEntry, "tableId" | "match">;

export const hexOf = (etherType: number) => etherType.toString(16).padStart(4, "0");

/** The entry for `etherType` that times out after `timeoutNs`. */
export function aging(etherType: number, timeoutNs = 0n, rest: Rest = {}): TableEntry {
  const idleTimeoutNs = toLong(timeoutNs, "int64");
  return entry(1, { match: [exact(1, hexOf(etherType))], action: call(actions.trap), idleTimeoutNs, ...rest });
}

export const insert = (...args: Parameters<typeof aging>): SentUpdate =>
  update("insert", { tableEntry: aging(...args) });
export const modify = (...args: Parameters<typeof aging>): SentUpdate =>
  update("modify", { tableEntry: aging(...args) });
export const remove = (etherType: number): SentUpdate => update("delete", { tableEntry: aging(etherType) });

/** EtherType of an entry by its key record, which is priority and value. */
const etherTypeOf = (key: string) => Buffer.from(key, "latin1").readUInt16BE(4);

/** Scans once and gives the EtherTypes of the entries that were told of since the last scan. */
export async function scan(device: Device): Promise<readonly number[]> {
  await device.idleTimeouts.scan(new AbortController().signal);
  return device.idled.splice(0).flatMap(({ entries }) => entries.map(({ key }) => etherTypeOf(key)));
}

/** Lets `durationMs` pass, then scans. */
export function scanAfter(device: Device, durationMs: number): Promise<readonly number[]> {
  device.clock.advanceMs(durationMs);
  return scan(device);
}

/** Nanoseconds since the last hit by EtherType, as a Read tells; undefined where it tells nothing. */
export async function elapsed(device: Device): Promise<ReadonlyMap<number, number | undefined>> {
  const found = await device.only({ tableEntry: entry(1, { timeSinceLastHit: {} }) });
  return new Map(
    found.map(({ tableEntry }) => {
      const { match, timeSinceLastHit: since } = tableEntry as Plain & {
        readonly match: readonly { readonly exact: { readonly value: string } }[];
        readonly timeSinceLastHit?: { readonly elapsedNs?: string };
      };
      return [Number.parseInt(match[0]?.exact.value ?? "", 16), since && Number(since.elapsedNs ?? 0)];
    }),
  );
}

/** Brings the datapath back as after a loss: every rule counts from zero. */
export function resync(device: Device): Promise<Status | undefined> {
  return device.pipelines.resync(new AbortController().signal);
}

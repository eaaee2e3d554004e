/**
 * Time to judge one entry by the restriction of WBB's ACL table, for each kind of entry that it allows.
 * usage: node dist/bench/constraints.js
 */
import { defined } from "../src/base/invariant.js";
import { entryRestriction } from "../src/constraints/restriction.js";
import { tablesOf } from "../test/unit/constraints/programs.js";
import { record, tableLayout } from "../test/unit/constraints/records.js";

const rounds = 2_000_000;
const table = defined(tablesOf("wbb")[0], "the program has a table");
const layout = tableLayout(table);
const restriction = defined(entryRestriction(table, layout), "the table is restricted");

const entries = {
  traceroute: record(layout, { is_ipv6: 1, ttl: 2 }, 1),
  lldp: record(layout, { ether_type: 0x88cc }, 1),
  discovery: record(layout, { ether_type: 0x6007, outer_vlan_id: 0xfa0 }, 1),
};
const all = Object.values(entries);

function nanosecondsEach(records: readonly Uint8Array[]): number {
  let violations = 0;
  const began = performance.now();
  for (let i = 0; i < rounds; i++) {
    const entry = records[i % records.length];
    if (entry !== undefined && restriction.violated(entry) !== undefined) violations++;
  }
  const elapsedMs = performance.now() - began;
  if (violations > 0) throw new RangeError("an allowed entry was refused");
  return (elapsedMs * 1e6) / rounds;
}

for (const [name, records] of [
  ["warm-up", all],
  ...Object.entries(entries).map(([n, r]) => [n, [r]] as const),
  ["mixed", all],
] as const)
  console.log(`${name}: ${nanosecondsEach(records).toFixed(0)} ns per entry`);

/** Entries of the benchmarks' table, encoded before any clock starts. */
import { p4 } from "../src/wire/gen/proto.js";
import { claim } from "./controller.js";
import { actionId, fields, tableId, type ProgramName } from "./programs.js";

const priorities = 1000;

/** Prefixes of the two addresses: 16 masks in all. */
const prefixes = [32, 28, 24, 20];

/** The same numbers on every run. */
export function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
  };
}

/** The canonical form of a number of up to 32 bits. */
function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? 3 : first);
}

/** The mask of field `field` in entry `index`. */
function maskOf(field: number, width: number, index: number): number {
  if (width < 32) return 2 ** width - 1;
  const prefix = prefixes[field === 0 ? index & 3 : (index >> 2) & 3] ?? 32;
  return -1 << (32 - prefix);
}

/** `count` different entries. */
function tableEntries(program: ProgramName, count: number): readonly p4.v1.TableEntry.$Properties[] {
  const random = randomWords(count);
  return Array.from({ length: count }, (_, index) => {
    const match = fields.map(({ width }, field) => {
      const mask = program === "exact" ? 2 ** width - 1 : maskOf(field, width, index);
      // The index in the upper bits of one address keeps entries apart; the rest is random.
      const value = (field === 1 ? (index << 12) | (random() & 0xfff) : random()) & mask & 0xffffffff;
      const own = field === 4 && value === 0xfff ? 1 : value; // VLAN 4095 is not for entries under restriction
      if (program === "exact") return { fieldId: field + 1, exact: { value: bytesOf(own) } };
      return { fieldId: field + 1, ternary: { value: bytesOf(own), mask: bytesOf(mask) } };
    });
    const priority = program === "exact" ? 0 : 1 + (index % priorities);
    return { tableId, match, priority, action: { action: { actionId } } };
  });
}

export type UpdateKind = "INSERT" | "MODIFY" | "DELETE";

/** WriteRequests that insert, modify or delete `count` entries, `perBatch` at a time. */
export function writeRequests(
  program: ProgramName,
  {
    count,
    perBatch,
    kind = "INSERT",
  }: { readonly count: number; readonly perBatch: number; readonly kind?: UpdateKind },
): readonly Buffer[] {
  const type = p4.v1.Update.Type[kind];
  const updates = tableEntries(program, count).map((tableEntry) => ({ type, entity: { tableEntry } }));
  return Array.from({ length: Math.ceil(count / perBatch) }, (_, batch) =>
    Buffer.from(
      p4.v1.WriteRequest.encode({
        ...claim,
        updates: updates.slice(batch * perBatch, (batch + 1) * perBatch),
      }).finish(),
    ),
  );
}

/** A ReadRequest for every entry of the table. */
export function readRequest(): Buffer {
  return Buffer.from(
    p4.v1.ReadRequest.encode({ deviceId: claim.deviceId, entities: [{ tableEntry: { tableId } }] }).finish(),
  );
}

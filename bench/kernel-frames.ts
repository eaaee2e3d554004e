/** PacketIns of the benchmark's source as a client sees them: how many, and how old. */
import { p4 } from "../src/wire/gen/proto.js";
import { claim } from "./controller.js";
import { actionId, tableId } from "./programs.js";

/** Source and destination address of `flood`'s frames, and how far behind them its stamp lies. @see native/flood.c */
const addresses = Buffer.from("0a0001020a000202", "hex");
const stampBehind = 42 - 26;
/** In front of each message: a flag and its length. */
const headBytes = 5;

/** Reads gRPC messages out of what comes, cut anywhere, and keeps the age of each frame. */
export class PacketIns {
  count = 0;
  /** Milliseconds from send to arrival; only while `timed`. */
  readonly ages: number[] = [];
  timed = false;
  #rest: Buffer = Buffer.alloc(0);
  #stampAt = -1;

  readonly received = (bytes: Buffer): void => {
    const nowNs = process.hrtime.bigint(); // CLOCK_MONOTONIC, as the stamp
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + headBytes <= all.length) {
      const end = at + headBytes + all.readUInt32BE(at + 1);
      if (end > all.length) break;
      this.#take(all, at, end, nowNs);
      at = end;
    }
    this.#rest = all.subarray(at);
  };

  begin(timed: boolean): void {
    this.count = 0;
    this.ages.length = 0;
    this.timed = timed;
  }

  #take(all: Buffer, at: number, end: number, nowNs: bigint): void {
    if (this.#stampAt < 0) {
      const found = all.indexOf(addresses, at);
      if (found < 0 || found >= end) return; // no PacketIn of ours
      this.#stampAt = found + stampBehind - at; // all our frames have one length, so all messages one form
    }
    this.count++;
    if (this.timed) this.ages.push(Number(nowNs - all.readBigUInt64LE(at + this.#stampAt)) / 1e6);
  }
}

/** A WriteRequest with the entry that traps the source's frames; it wins over all others. */
export function trapFloodRequest(): Buffer {
  const match = [
    { fieldId: 2, ternary: { value: Buffer.from("0a000202", "hex"), mask: Buffer.from("ffffffff", "hex") } },
  ];
  const tableEntry = { tableId, match, priority: 1_000_000, action: { action: { actionId } } };
  const updates = [{ type: p4.v1.Update.Type.INSERT, entity: { tableEntry } }];
  return Buffer.from(p4.v1.WriteRequest.encode({ ...claim, updates }).finish());
}

/** What batches do, once more: a map that is copied before each batch. It knows one table and one default entry. */
import { defined } from "../../../src/base/invariant.js";

export type ActionName = "trap" | "drop" | "copy" | "noAction";

export interface NaiveEntry {
  action: ActionName;
  metadata: string;
  cir: number;
  frames: number;
  bytes: number;
}

/** Key of the default entry; the others are priorities. */
export const defaultEntry = 0;

export type NaiveUpdate =
  | {
      readonly kind: "insert" | "modify";
      readonly key: number;
      readonly action?: ActionName | undefined;
      readonly metadata: string;
      readonly cir: number;
      readonly frames?: number | undefined;
    }
  | { readonly kind: "delete"; readonly key: number }
  | { readonly kind: "invalid"; readonly key: number }
  | { readonly kind: "counter"; readonly key: number; readonly frames?: number | undefined }
  | { readonly kind: "meter"; readonly key: number; readonly cir: number };

/** Bytes that go with a written number of frames. */
export const bytesWritten = (frames: number) => frames * 100;

const initialDefault = (): NaiveEntry => ({ action: "copy", metadata: "", cir: 0, frames: 0, bytes: 0 });

export class NaiveSwitch {
  entries: ReadonlyMap<number, NaiveEntry> = new Map([[defaultEntry, initialDefault()]]);
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Applies a batch. @param refused what the datapath takes no rule for @param lost the commit fails */
  batch(
    updates: readonly NaiveUpdate[],
    mode: { readonly atomic: boolean; readonly refused: ActionName | undefined; readonly lost: boolean },
  ): readonly string[] {
    const before = this.entries;
    const next = new Map([...before].map(([key, entry]) => [key, { ...entry }]));
    const results: string[] = [];
    for (const update of updates) {
      results.push(this.#apply(next, update, mode.refused));
      if (mode.atomic && results.at(-1) !== "OK") {
        const failed = results.length - 1;
        return updates.map((_, i) => (i === failed ? defined(results[i], "the failure") : "ABORTED"));
      }
    }
    if (mode.lost && results.includes("OK") && updates.some((update, i) => results[i] === "OK" && stages(update)))
      return updates.map(() => "UNAVAILABLE");
    this.entries = next;
    return results;
  }

  /** A frame comes in that every entry matches: the one of highest priority counts it. */
  frame(bytes: number): void {
    const best = defined([...this.entries.keys()].sort((a, b) => b - a)[0], "the default entry is there");
    const entry = defined(this.entries.get(best), "an entry there is");
    if (entry.action === "noAction") return;
    entry.frames++;
    entry.bytes += bytes;
  }

  #apply(entries: Map<number, NaiveEntry>, update: NaiveUpdate, refused: ActionName | undefined): string {
    const { key } = update;
    const entry = entries.get(key);
    if (update.kind === "invalid") return "INVALID_ARGUMENT";
    if (update.kind === "insert") {
      if (key === defaultEntry) return "INVALID_ARGUMENT";
      const { action, metadata, cir, frames = 0 } = update;
      if (action === undefined) return "INVALID_ARGUMENT";
      if (action === "noAction") return "PERMISSION_DENIED";
      if (entry !== undefined) return "ALREADY_EXISTS";
      if (entries.size > this.#capacity) return "RESOURCE_EXHAUSTED";
      if (action === refused) return "OUT_OF_RANGE";
      entries.set(key, { action, metadata, cir, frames, bytes: bytesWritten(frames) });
      return "OK";
    }
    if (update.kind === "delete" && key === defaultEntry) return "INVALID_ARGUMENT";
    if (update.kind === "modify" && update.action === "noAction" && key !== defaultEntry) return "PERMISSION_DENIED";
    if (entry === undefined) return "NOT_FOUND";
    if (update.kind === "delete") {
      entries.delete(key);
      return "OK";
    }
    const changed = modified(entry, update);
    const rule = changed.action !== "noAction" && (changed.action !== entry.action || changed.cir !== entry.cir);
    if (rule && changed.action === refused) return "OUT_OF_RANGE";
    entries.set(key, changed);
    return "OK";
  }
}

/** True if the update changes anything at all, even to what it was. */
function stages(update: NaiveUpdate): boolean {
  return update.kind !== "counter" || update.frames !== undefined;
}

function modified(entry: NaiveEntry, update: Exclude<NaiveUpdate, { kind: "delete" | "invalid" }>): NaiveEntry {
  const written =
    "frames" in update && update.frames !== undefined
      ? { frames: update.frames, bytes: bytesWritten(update.frames) }
      : {};
  if (update.kind === "counter") return { ...entry, ...written };
  if (update.kind === "meter") return { ...entry, cir: update.cir };
  if (update.key === defaultEntry && update.action === undefined) return initialDefault();
  return { ...entry, ...written, action: update.action ?? entry.action, metadata: update.metadata, cir: update.cir };
}

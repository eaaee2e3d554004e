/** Failed batches: one `p4.v1.Error` per update or request, as far as the peer's trailers allow. */
import { clip } from "../base/clip.js";
import { Code, codeName, type Status } from "../base/status.js";
import { encodeBatchStatus } from "../wire/encode-status.js";
import { trailerBudget } from "./peer-limits.js";
import { encodedLength, overheadBytes } from "./status-text.js";
import { DetailedError } from "./unary.js";
import type * as grpc from "@grpc/grpc-js";

/** Longest message of one slot, tried one after the other until the details fit. */
const messageLimits = [Infinity, 160, 64, 0];

/** Longest piece of the first failure's message in that of the RPC. */
const maxCauseLength = 300;

/**
 * The error of a batch in which something failed (ERR-03 … ERR-09, AMB-63). Messages are shortened first; if the slots still
 * do not fit, the details are left out.
 */
export function batchError(
  results: readonly (Status | undefined)[],
  noun: "updates" | "requests",
  call: { readonly metadata: grpc.Metadata },
): DetailedError {
  const message = summary(results, noun);
  const budget = trailerBudget(call) - overheadBytes - encodedLength(message);
  for (const limit of messageLimits) {
    if (!mayFit(results.length, budget)) break;
    const details = encodeBatchStatus(Code.UNKNOWN, message, results, limit);
    if (encodedBytes(details.length) <= budget) return new DetailedError(Code.UNKNOWN, message, details);
  }
  return new DetailedError(Code.UNKNOWN, message, undefined);
}

/** An OK slot takes 35 bytes before base64: no use in encoding what cannot fit. */
function mayFit(slots: number, budget: number): boolean {
  return encodedBytes(slots * 35) <= budget;
}

/** Binary metadata travels in base64. */
function encodedBytes(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function summary(results: readonly (Status | undefined)[], noun: string): string {
  const failed = results.filter((result) => result !== undefined).length;
  const first = firstFailure(results);
  const status = results[first];
  const text = status === undefined ? "" : `${codeName(status.code)} ${clip(status.message, maxCauseLength)}`;
  return `${failed} of ${results.length} ${noun} failed; first: #${first} ${text}`;
}

/** Where the trouble began: what was undone or not tried because of it is ABORTED, and may come before it. */
function firstFailure(results: readonly (Status | undefined)[]): number {
  const cause = results.findIndex((result) => result !== undefined && result.code !== Code.ABORTED);
  return cause >= 0 ? cause : results.findIndex((result) => result !== undefined);
}

/** The primary's seat of one (device, role): who holds it, and how it changes hands. */

import { absurd, invariant } from "../base/invariant.js";
import type { ControllerId } from "./arbitration-message.js";

export type Seat =
  | { readonly kind: "vacant" }
  | { readonly kind: "held"; readonly primary: ControllerId }
  /**
   * Nobody may write: the seat waits for the running Writes, then goes to `to`, whom nobody has told yet but everybody
   * else knows of. `to` is undefined once that controller has gone (ARB-84).
   */
  | { readonly kind: "handing-over"; readonly to: ControllerId | undefined };

export type SeatEvent =
  | { readonly kind: "won"; readonly by: ControllerId }
  /** The controller's stream ended, or the primary stepped down. */
  | { readonly kind: "left"; readonly by: ControllerId }
  | { readonly kind: "writes-ended" };

/** What a transition depends on besides seat and event. */
export interface Surroundings {
  readonly writes: "running" | "none";
  /** Who is promoted when the seat falls vacant, if anybody. */
  readonly heir: ControllerId | undefined;
}

export const vacant: Seat = { kind: "vacant" };

/**
 * The seat after `event`; `seat` itself if the event does not touch it.
 * @see ARB-38 … ARB-47, ARB-83, ARB-84
 */
export function nextSeat(seat: Seat, event: SeatEvent, { writes, heir }: Surroundings): Seat {
  const pass = (to: ControllerId): Seat =>
    writes === "running" ? { kind: "handing-over", to } : { kind: "held", primary: to };
  const vacate = () => (heir === undefined ? vacant : pass(heir));

  switch (event.kind) {
    case "won":
      invariant(seat.kind !== "handing-over", "seat: elections wait for the hand-over");
      return pass(event.by);
    case "left":
      if (claimantOf(seat) !== event.by) return seat;
      return seat.kind === "handing-over" ? { kind: "handing-over", to: undefined } : vacate();
    case "writes-ended":
      invariant(writes === "none", "seat: no write is left when the last one ended");
      if (seat.kind !== "handing-over") return seat;
      return seat.to === undefined ? vacate() : pass(seat.to);
    default:
      return absurd(event);
  }
}

/** Who holds the seat or is about to. */
export function claimantOf(seat: Seat): ControllerId | undefined {
  switch (seat.kind) {
    case "vacant":
      return undefined;
    case "held":
      return seat.primary;
    case "handing-over":
      return seat.to;
    default:
      return absurd(seat);
  }
}

/** Who may write now. */
export function primaryIn(seat: Seat): ControllerId | undefined {
  return seat.kind === "held" ? seat.primary : undefined;
}

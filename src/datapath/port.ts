/** Ports as the datapath and P4Runtime know them. */
import type { Branded } from "../base/branded.js";

/** P4Runtime port id, 1 … 0xfffffeff, or one of the reserved ids below. @see P4Runtime §18.1.1, SdnPort */
export type PortId = Branded<number, "PortId">;

/** The largest id of an ordinary port. */
export const maxPortId = 0xfffffeff;

/** The CPU port: ingress port of frames that enter by `submit_to_ingress`. */
export const cpuPort = 0xfffffffd as PortId;

/** Its name among the ports of a datapath, so no other port's. */
export const cpuPortName = "cpu";

/** `value` as the id of an ordinary port, or undefined if it is none. */
export function ordinaryPort(value: number): PortId | undefined {
  return Number.isInteger(value) && value >= 1 && value <= maxPortId ? (value as PortId) : undefined;
}

/** A port as configured. */
export interface PortSpec {
  readonly id: PortId;
  /** The name operators know, such as `ethernet-1/1`; unique per datapath. */
  readonly name: string;
  /** Largest IP packet in bytes, without Ethernet header and tags, of which there may be several; 1,500 when absent. */
  readonly mtu?: number;
}

/** `down`: switched off. `no-carrier`: on, but nobody at the other end. `missing`: there is no such netdev. */
export type PortState = "up" | "down" | "no-carrier" | "missing";

/** What a port can be told to be. */
export type WantedPortState = Exclude<PortState, "missing">;

/** A port as it is now. Counters are frames since the port was added. */
export interface PortStatus {
  readonly id: PortId;
  readonly name: string;
  /** The Linux network device behind the port; undefined: there is none. */
  readonly netdev?: string;
  readonly mtu: number;
  readonly state: PortState;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly framesPunted: number;
  readonly framesDropped: number;
}

/** Ports, groups and sessions that entries name by parameters of their action. */
import { refusal } from "../base/situation.js";
import type { SteeringParams } from "../acl/param-role.js";
import { numberOf } from "../acl/lower.js";
import type { PortId } from "../datapath/port.js";
import type { Redirect } from "../datapath/replication.js";
import type { PuntAction } from "../datapath/rule.js";
import { maxCloneSessionId, maxMulticastGroupId } from "../entity/replication.js";
import { notAPort, type PortList } from "../entity/port-number.js";
import type { RecordLayout } from "../entity/record-layout.js";
import type { Param } from "../pipeline/pipeline.js";

/** Which ports entries may name. */
export interface DevicePorts {
  readonly isPort: (port: number) => boolean;
  readonly ports: PortList;
}

/** What an action record asks for, or why nothing realises it. */
export type Steering = Pick<PuntAction, "redirect" | "mirror"> | { readonly reason: string };

/**
 * The redirect and the mirror that an action record asks for. Groups and sessions need not exist. A mirror session
 * whose name is no number is nothing that can be a clone session.
 * @param ports those of the device
 * @throws StatusError INVALID_ARGUMENT if a value names no port, or nothing that can be a group
 */
export function steeringOf(
  { port, group, session }: SteeringParams,
  record: Uint8Array,
  layout: RecordLayout,
  ports: DevicePorts,
): Steering {
  const redirect = redirectOf(port, group, record, layout, ports);
  if (session === undefined) return redirect === undefined ? {} : { redirect };
  const { number, text } = numberOf(record, layout, session.index);
  if (number === undefined || number === 0 || number > maxCloneSessionId)
    return {
      reason: `parameter '${session.name}': ${text} can name no clone session; they are 1 … ${maxCloneSessionId}`,
    };
  return redirect === undefined ? { mirror: number } : { redirect, mirror: number };
}

function redirectOf(
  port: Param | undefined,
  group: Param | undefined,
  record: Uint8Array,
  layout: RecordLayout,
  ports: DevicePorts,
): Redirect | undefined {
  if (port !== undefined) {
    const { number, text } = numberOf(record, layout, port.index);
    if (number === undefined || !ports.isPort(number)) throw notAPort(`parameter '${port.name}'`, text, ports.ports);
    return { kind: "port", port: number as PortId }; // one of the device
  }
  if (group === undefined) return undefined;
  const { number, text } = numberOf(record, layout, group.index);
  if (number === undefined || number === 0 || number > maxMulticastGroupId)
    throw refusal(
      "id-out-of-range",
      `parameter '${group.name}': ${text} can name no multicast group; they are 1 … ${maxMulticastGroupId}`,
    );
  return { kind: "multicast", group: number };
}

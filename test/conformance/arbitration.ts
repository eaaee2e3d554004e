/** What arbitration messages say, in one line each. */
import { Code } from "../../src/base/status.js";
import type { p4 } from "../../src/wire/gen/proto.js";
import { rejected, type P4Stream } from "../support/p4-client.js";

/** Two software switches, 1 and 2, with two ports each. */
export const twoDevices = `
listeners: [{ address: 127.0.0.1, port: 9559, insecure: true }]
devices:
  - { device_id: 1, name: one, datapath: { type: soft } }
  - { device_id: 2, name: two, datapath: { type: soft } }
interfaces:
  ethernet-1/1: { port_id: 1, device: 1 }
  ethernet-1/2: { port_id: 2, device: 1 }
  ethernet-2/1: { port_id: 1, device: 2 }
  ethernet-2/2: { port_id: 2, device: 2 }
`;

/** A generated 64-bit number; absent is 0. */
export function whole(value: { toString(): string } | null | undefined): bigint {
  return BigInt(value?.toString() ?? 0);
}

/** Such as `OK 10`, `ALREADY_EXISTS 10`, `NOT_FOUND unset`; without a status `no status`. */
export function told({ status, electionId }: p4.v1.MasterArbitrationUpdate.$Properties): string {
  if (status === undefined || status === null) return "no status";
  const code = nameOf(status.code ?? 0);
  if (electionId === undefined || electionId === null) return `${code} unset`;
  return `${code} ${(whole(electionId.high) << 64n) | whole(electionId.low)}`;
}

/** What the next message of each stream says. */
export async function next(...streams: P4Stream[]): Promise<readonly string[]> {
  const messages: string[] = [];
  for (const stream of streams) messages.push(told(await stream.arbitration()));
  return messages;
}

/** Proves that none of `streams` was told anything more. */
export async function allQuiet(...streams: P4Stream[]): Promise<void> {
  for (const stream of streams) await stream.quiet();
}

/** `OK`, or the name of the code that `call` failed with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch {
    return nameOf((await rejected(call)).code);
  }
}

function nameOf(code: number): string {
  return Object.entries(Code).find(([, number]) => number === code)?.[0] ?? `${code}`;
}

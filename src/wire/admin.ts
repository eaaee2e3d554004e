/** Messages of the admin service ⇄ what an operator is shown. Both ends speak it: the agent and `p4rtctl`. */
import { invalidArgument } from "../base/status.js";
import { p4rtd } from "./gen/admin.js";
import { fromLong, toLong } from "./int64.js";

const pb = p4rtd.v1;

/** Full name of the service. */
export const adminName = "p4rtd.v1.Admin";

/** What a request asks for; undefined: everything. */
export interface ShowRequest {
  readonly deviceId: bigint | undefined;
  /** Of ShowRules only. */
  readonly table?: string | undefined;
}

export interface InterfaceLine {
  readonly name: string;
  readonly netdev?: string;
  readonly id: number;
  readonly deviceId: bigint;
  readonly state: InterfaceState;
  readonly mtu: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly framesPunted: number;
  readonly framesDropped: number;
}

export interface DropLine {
  readonly deviceId: bigint;
  readonly reason: string;
  readonly count: number;
  readonly meaning: string;
}

export interface FieldLine {
  readonly name: string;
  readonly value: string;
}

export interface ActionLine {
  readonly green: string;
  readonly yellow: string;
  readonly red: string;
  /** Where the frame goes if it is forwarded; undefined: where its route leads. */
  readonly redirect?:
    { readonly kind: "port"; readonly port: number } | { readonly kind: "multicast"; readonly group: number };
  /** The clone session whose replicas get copies. */
  readonly mirror?: number;
}

/** One of the actions of a selector. */
export interface ChoiceLine {
  readonly action: ActionLine;
  readonly queue: string | undefined;
  readonly weight: number;
  readonly watch: number | undefined;
}

export interface SelectorLine {
  readonly mode: SelectorMode;
  readonly choices: readonly ChoiceLine[];
}

/** An entry with its rule, or a rule without entry. @see proto/p4rtd/v1/admin.proto */
export interface RuleLine {
  readonly deviceId: bigint;
  readonly state: RuleLineState;
  readonly table: string;
  readonly priority: number;
  readonly isDefault: boolean;
  readonly match: readonly FieldLine[];
  readonly keys: readonly (readonly FieldLine[])[];
  readonly action: ActionLine | undefined;
  readonly queue: string | undefined;
  readonly selector: SelectorLine | undefined;
  readonly entryAction: string | undefined;
  readonly counter: { readonly packets: bigint; readonly bytes: bigint } | undefined;
}

export interface DeviceRules {
  readonly deviceId: bigint;
  readonly backend: string;
  readonly entries: number;
  readonly installed: number;
  readonly differences: number;
}

const interfaceStates = {
  up: pb.Interface.State.UP,
  down: pb.Interface.State.DOWN,
  "no-carrier": pb.Interface.State.NO_CARRIER,
  missing: pb.Interface.State.MISSING,
};
export type InterfaceState = keyof typeof interfaceStates;

const ruleStates = {
  held: pb.Rule.State.HELD,
  shadowed: pb.Rule.State.SHADOWED,
  missing: pb.Rule.State.MISSING,
  unexpected: pb.Rule.State.UNEXPECTED,
  unrealised: pb.Rule.State.UNREALISED,
};
export type RuleLineState = keyof typeof ruleStates;

const selectorModes = { hash: pb.Selector.Mode.HASH, random: pb.Selector.Mode.RANDOM };
export type SelectorMode = keyof typeof selectorModes;

/** The word of `states` for `number`. @throws StatusError INVALID_ARGUMENT for one that this release does not know */
function wordOf<Word extends string>(states: Readonly<Record<Word, number>>, number: number): Word {
  for (const word in states) if (states[word] === number) return word;
  throw invalidArgument(`state ${number} is unknown: the other end is a newer release`);
}

/** Decoded by `read`. @throws StatusError INVALID_ARGUMENT if the bytes are no such message */
function decoded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw invalidArgument(`malformed message: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const u64 = (value: bigint | number) => toLong(BigInt(value), "uint64");
const number = (value: Parameters<typeof fromLong>[0]) => Number(fromLong(value));
const bytesOf = (written: { finish(): Uint8Array }): Buffer => Buffer.from(written.finish());

/** A request of any of the three methods: their fields agree. */
export function encodeShowRequest({ deviceId, table }: ShowRequest): Buffer {
  const request = { deviceId: deviceId === undefined ? null : u64(deviceId), table: table ?? null };
  return bytesOf(pb.ShowRulesRequest.encode(request));
}

/** @throws StatusError INVALID_ARGUMENT */
export function decodeShowRequest(bytes: Uint8Array): ShowRequest {
  const { deviceId, table } = decoded(() => pb.ShowRulesRequest.decode(bytes));
  return {
    deviceId: deviceId === null || deviceId === undefined ? undefined : fromLong(deviceId),
    table: table ?? undefined,
  };
}

export function encodeInterfaces(lines: readonly InterfaceLine[]): Buffer {
  const interfaces = lines.map((line) => ({
    name: line.name,
    ...(line.netdev !== undefined && { netdev: line.netdev }),
    portId: line.id,
    deviceId: u64(line.deviceId),
    state: interfaceStates[line.state],
    mtu: line.mtu,
    framesIn: u64(line.framesIn),
    framesOut: u64(line.framesOut),
    framesPunted: u64(line.framesPunted),
    framesDropped: u64(line.framesDropped),
  }));
  return bytesOf(pb.ShowInterfacesResponse.encode({ interfaces }));
}

/** @throws StatusError INVALID_ARGUMENT */
export function decodeInterfaces(bytes: Uint8Array): readonly InterfaceLine[] {
  return decoded(() => pb.ShowInterfacesResponse.decode(bytes)).interfaces.map((line) => ({
    name: line.name ?? "",
    ...(typeof line.netdev === "string" && { netdev: line.netdev }),
    id: line.portId ?? 0,
    deviceId: fromLong(line.deviceId),
    state: wordOf(interfaceStates, line.state ?? 0),
    mtu: line.mtu ?? 0,
    framesIn: number(line.framesIn),
    framesOut: number(line.framesOut),
    framesPunted: number(line.framesPunted),
    framesDropped: number(line.framesDropped),
  }));
}

export function encodeDrops(lines: readonly DropLine[]): Buffer {
  const drops = lines.map((line) => ({ ...line, deviceId: u64(line.deviceId), count: u64(line.count) }));
  return bytesOf(pb.ShowDropsResponse.encode({ drops }));
}

/** @throws StatusError INVALID_ARGUMENT */
export function decodeDrops(bytes: Uint8Array): readonly DropLine[] {
  return decoded(() => pb.ShowDropsResponse.decode(bytes)).drops.map(({ deviceId, reason, count, meaning }) => ({
    deviceId: fromLong(deviceId),
    reason: reason ?? "",
    count: number(count),
    meaning: meaning ?? "",
  }));
}

/** One message of ShowRules: rules, and `device` in the last one of a device. */
export function encodeRules(lines: readonly RuleLine[], device?: DeviceRules): Buffer {
  const rules = lines.map((line) => ({
    deviceId: u64(line.deviceId),
    state: ruleStates[line.state],
    table: line.table,
    priority: line.priority,
    defaultEntry: line.isDefault,
    match: [...line.match],
    keys: line.keys.map((fields) => ({ fields: [...fields] })),
    ...(line.action && { action: actionMessage(line.action, line.queue) }),
    ...(line.selector && { selector: selectorMessage(line.selector) }),
    entryAction: line.entryAction ?? "",
    ...(line.counter && { packets: u64(line.counter.packets), bytes: u64(line.counter.bytes) }),
  }));
  const summary = device && {
    deviceId: u64(device.deviceId),
    backend: device.backend,
    entries: u64(device.entries),
    installed: u64(device.installed),
    differences: u64(device.differences),
  };
  return bytesOf(pb.ShowRulesResponse.encode({ rules, ...(summary && { device: summary }) }));
}

function selectorMessage({ mode, choices }: SelectorLine) {
  return {
    mode: selectorModes[mode],
    choices: choices.map(({ action, queue, weight, watch }) => ({
      action: actionMessage(action, queue),
      weight,
      ...(watch !== undefined && { watchPort: watch }),
    })),
  };
}

/** @throws StatusError INVALID_ARGUMENT */
export function decodeRules(bytes: Uint8Array): {
  readonly rules: readonly RuleLine[];
  readonly device: DeviceRules | undefined;
} {
  const { rules, device } = decoded(() => pb.ShowRulesResponse.decode(bytes));
  return {
    rules: rules.map(ruleLine),
    device: device
      ? {
          deviceId: fromLong(device.deviceId),
          backend: device.backend ?? "",
          entries: number(device.entries),
          installed: number(device.installed),
          differences: number(device.differences),
        }
      : undefined,
  };
}

function ruleLine(rule: p4rtd.v1.Rule.$Properties): RuleLine {
  const { action, selector, packets, bytes } = rule;
  const counted = packets !== null && packets !== undefined;
  return {
    deviceId: fromLong(rule.deviceId),
    state: wordOf(ruleStates, rule.state ?? 0),
    table: rule.table ?? "",
    priority: rule.priority ?? 0,
    isDefault: rule.defaultEntry ?? false,
    match: (rule.match ?? []).map(fieldLine),
    keys: (rule.keys ?? []).map(({ fields }) => (fields ?? []).map(fieldLine)),
    action: action ? actionLine(action) : undefined,
    queue: action?.queue || undefined,
    selector: selector ? selectorLine(selector) : undefined,
    entryAction: rule.entryAction || undefined,
    counter: counted ? { packets: fromLong(packets), bytes: fromLong(bytes) } : undefined,
  };
}

function actionMessage(action: ActionLine, queue: string | undefined): p4rtd.v1.Action.$Properties {
  const { green, yellow, red, redirect, mirror } = action;
  return {
    green,
    yellow,
    red,
    queue: queue ?? "",
    ...(redirect?.kind === "port" && { redirectPort: redirect.port }),
    ...(redirect?.kind === "multicast" && { multicastGroup: redirect.group }),
    cloneSession: mirror ?? 0,
  };
}

function actionLine(action: p4rtd.v1.Action.$Properties): ActionLine {
  const { green, yellow, red, redirectPort, multicastGroup, cloneSession } = action;
  return {
    green: green ?? "",
    yellow: yellow ?? "",
    red: red ?? "",
    ...(typeof redirectPort === "number" && { redirect: { kind: "port", port: redirectPort } as const }),
    ...(typeof multicastGroup === "number" && { redirect: { kind: "multicast", group: multicastGroup } as const }),
    ...(cloneSession && { mirror: cloneSession }),
  };
}
const selectorLine = ({ mode, choices }: p4rtd.v1.Selector.$Properties): SelectorLine => ({
  mode: wordOf(selectorModes, mode ?? 0),
  choices: (choices ?? []).map(({ action, weight, watchPort }) => ({
    action: actionLine(action ?? {}),
    queue: action?.queue || undefined,
    weight: weight ?? 0,
    watch: watchPort ?? undefined,
  })),
});

const fieldLine = ({ name, value }: p4rtd.v1.Field.$Properties): FieldLine => ({
  name: name ?? "",
  value: value ?? "",
});

/** `p4rtctl show interfaces`: one line per port. */
import type { InterfaceLine } from "../wire/admin.js";
import type { Json } from "./json-text.js";
import { columns, tableText } from "./table-text.js";

const titles = ["NAME", "NETDEV", "PORT", "DEVICE", "STATE", "MTU", "IN", "OUT", "PUNTED", "DROPPED"];
const numbers = ["PORT", "DEVICE", "MTU", "IN", "OUT", "PUNTED", "DROPPED"];

/** For people. */
export function interfacesText(lines: readonly InterfaceLine[]): string {
  const rows = lines.map((line) => [
    line.name,
    line.netdev ?? "-",
    ...[line.id, line.deviceId].map(String),
    line.state,
    ...[line.mtu, line.framesIn, line.framesOut, line.framesPunted, line.framesDropped].map(String),
  ]);
  return tableText(columns(titles, numbers), rows).join("\n");
}

/** For programs, in the names of admin.proto. */
export function interfacesJson(lines: readonly InterfaceLine[]): Json {
  return {
    interfaces: lines.map((line) => ({
      name: line.name,
      netdev: line.netdev ?? null,
      port_id: line.id,
      device_id: line.deviceId,
      state: line.state,
      mtu: line.mtu,
      frames_in: line.framesIn,
      frames_out: line.framesOut,
      frames_punted: line.framesPunted,
      frames_dropped: line.framesDropped,
    })),
  };
}

/** The WBB pipeline by its names: entries, packet metadata, and the ids that its P4Info gives them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import textformat from "protobufjs/ext/textformat.js";
import { defined } from "../src/base/invariant.js";
import { toHex } from "../src/base/hex.js";
import { p4 } from "../src/wire/gen/proto.js";

/** From the compiled file, two folders below the checkout. */
const checkout = new URL("../../", import.meta.url);

/** What an entry matches; a field that is left out matches anything. */
export interface WbbMatch {
  readonly is_ipv4?: 1;
  readonly is_ipv6?: 1;
  readonly ether_type?: number;
  readonly ttl?: number;
}

export interface WbbEntry {
  readonly name: string;
  readonly match: WbbMatch;
  readonly action: "trap" | "copy";
}

/** What a WBB switch of this kind punts: neighbours (LLDP, GDP) and the hops of traceroute. */
export const wbbEntries: readonly WbbEntry[] = [
  { name: "lldp", match: { ether_type: 0x88cc }, action: "trap" },
  { name: "gdp", match: { ether_type: 0x6007 }, action: "trap" },
  ...[0, 1, 2].map((ttl) => ({ name: `traceroute-v4-${ttl}`, match: { is_ipv4: 1, ttl }, action: "trap" }) as const),
  ...[0, 1, 2].map((ttl) => ({ name: `traceroute-v6-${ttl}`, match: { is_ipv6: 1, ttl }, action: "trap" }) as const),
];

/** IPv4 whatever its TTL: the restriction of the table forbids it. */
export const forbiddenEntry: WbbEntry = { name: "all-ipv4", match: { is_ipv4: 1 }, action: "trap" };

/** `match` as text, such as `is_ipv4=1 ttl=0`. */
export function describeMatch(match: WbbMatch): string {
  return Object.entries(match)
    .map(([field, value]: [string, number]) => `${field}=${field === "ether_type" ? `0x${value.toString(16)}` : value}`)
    .join(" ");
}

type MetadataHeader = "packet_in" | "packet_out";

export class Wbb {
  readonly p4Info: p4.config.v1.P4Info;
  readonly table: p4.config.v1.Table.$Properties;

  /** Reads `examples/wbb.p4info.pb.txt`, which is in protobuf's text format. */
  constructor() {
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => fileURLToPath(new URL(`proto/${target}`, checkout));
    const type = root.loadSync("p4/config/v1/p4info.proto", { keepCase: true }).lookupType("p4.config.v1.P4Info");
    const text = readFileSync(new URL("examples/wbb.p4info.pb.txt", checkout), "utf8");
    this.p4Info = p4.config.v1.P4Info.decode(type.encode(textformat.fromText(type, text)).finish());
    this.table = defined(this.p4Info.tables[0], "WBB has one table");
  }

  /** The entry as P4Runtime writes it. Its name travels along as the entry's own metadata. */
  tableEntry({ name, match, action }: WbbEntry): p4.v1.TableEntry.$Properties {
    return {
      tableId: this.tableId,
      match: Object.entries(match).map(([field, value]: [string, number]) => this.#fieldMatch(field, value)),
      action: { action: { actionId: this.#actionId(`acl_wbb_ingress_${action}`) } },
      priority: 1,
      metadata: Buffer.from(name),
    };
  }

  get tableId(): number {
    return this.table.preamble?.id ?? 0;
  }

  /** Metadata as `name=value`; ports are text in WBB. */
  describeMetadata(header: MetadataHeader, values: readonly p4.v1.PacketMetadata.$Properties[]): string {
    return values
      .map(({ metadataId, value }) => {
        const field = this.#metadata(header).find(({ id }) => id === metadataId);
        const bytes = Buffer.from(value ?? []);
        return `${field?.name ?? `?${metadataId ?? 0}`}=${field?.typeName ? bytes.toString() : `0x${toHex(bytes)}`}`;
      })
      .join(" ");
  }

  /** The metadata of a frame that is to leave by `port`. */
  packetOutMetadata(port: number): readonly p4.v1.PacketMetadata.$Properties[] {
    return this.#metadata("packet_out").map(({ id, name }) => ({
      metadataId: id ?? 0,
      value: name === "egress_port" ? Buffer.from(port.toString()) : Buffer.of(0),
    }));
  }

  #fieldMatch(name: string, number: number): p4.v1.FieldMatch.$Properties {
    const field = defined(
      this.table.matchFields?.find((candidate) => candidate.name === name),
      `WBB matches ${name}`,
    );
    const width = field.bitwidth ?? 0;
    const value = Buffer.from(number.toString(16).padStart(width > 8 ? 4 : 2, "0"), "hex");
    const fieldId = field.id ?? 0;
    if (field.matchType === p4.config.v1.MatchField.MatchType.OPTIONAL) return { fieldId, optional: { value } };
    return { fieldId, ternary: { value, mask: Buffer.from(((1 << width) - 1).toString(16), "hex") } };
  }

  #actionId(alias: string): number {
    const action = this.p4Info.actions.find(({ preamble }) => preamble?.alias === alias);
    return defined(action?.preamble?.id ?? undefined, `WBB has the action ${alias}`);
  }

  #metadata(header: MetadataHeader): readonly p4.config.v1.ControllerPacketMetadata.Metadata.$Properties[] {
    return this.p4Info.controllerPacketMetadata.find(({ preamble }) => preamble?.name === header)?.metadata ?? [];
  }
}

/** YAML → one frozen, validated `Config`; every default lives in `defaults.ts`, the schema of each section in its own file. */
import type { KeyFieldName, PacketAction } from "./binding-names.js";

/** Everything an operator can decide, checked as a whole and frozen to the last level; each section documents itself. */
export interface Config {
  /** One or more, in the file's order. */
  readonly listeners: readonly Listener[];
  /** Where `p4rtctl` asks; undefined: nobody can. */
  readonly admin: UnixSocket | undefined;
  /** One or more, ids and names unique. */
  readonly devices: readonly Device[];
  /** Names unique, port ids unique per device; each names a device of `devices`. */
  readonly interfaces: readonly Interface[];
  readonly limits: Limits;
  readonly keepalive: Keepalive;
  readonly arbitration: Arbitration;
  readonly punt: Punt;
  readonly packetIn: PacketInOptions;
  readonly packetOut: PacketOutOptions;
  readonly streamErrors: StreamErrors;
  readonly restart: Restart;
  readonly telemetry: Telemetry;
  readonly health: Health;
}

/** How a listener protects its connections. */
export type Security = "insecure";

/** Controllers connect by TCP. */
export interface TcpListener {
  readonly kind: "tcp";
  /** IPv4 or IPv6 literal without brackets, or host name. */
  readonly address: string;
  /** 0 … 65,535; 0: any free one. */
  readonly port: number;
  readonly security: Security;
}

/** A Unix socket that is listened on. */
export interface UnixSocket {
  /** Absolute path of the socket, at most 107 bytes. @see unix(7) */
  readonly path: string;
  /** Permission bits of the socket, 0 … 0o777. */
  readonly mode: number;
  /** Name or number of the group that owns the socket; undefined: the process's own. */
  readonly group: string | undefined;
}

/** Controllers connect by a Unix socket. */
export interface UnixListener extends UnixSocket {
  readonly kind: "unix";
  readonly security: Security;
}

/** Where controllers connect. */
export type Listener = TcpListener | UnixListener;

/** One ASIC or software switch. */
export interface Device {
  /** 1 … 2^64 − 1 */
  readonly deviceId: bigint;
  /** For operators; unique. */
  readonly name: string;
  readonly datapath: DeviceDatapath;
  readonly pipeline: PipelineOptions;
  readonly acl: AclOptions;
}

/** What realises the rules of a device. */
export type DeviceDatapath = SoftDatapath | KernelDatapath;

/** The software switch in this process. */
export interface SoftDatapath {
  readonly type: "soft";
  /** IPv4 and IPv6 literals of the box itself, for `punt.excludeLocal`. */
  readonly localAddresses: readonly string[];
  /** Where frames that no rule takes leave by their destination address; the longest prefix wins. */
  readonly routes: readonly Route[];
}

/** Linux interfaces, and an eBPF classifier at the ingress of each. */
export interface KernelDatapath {
  readonly type: "kernel";
  /** How the classifier is attached; `auto`: tcx where the kernel has it (6.6), else clsact. */
  readonly attach: "auto" | "tcx" | "clsact";
  /** Absolute path of the network namespace of all ports; undefined: the process's own. @see network_namespaces(7) */
  readonly netns: string | undefined;
  /** Keys the kernel's rule table holds, 1 … 1,048,576; a rule with a RANGE takes several. One more is RESOURCE_EXHAUSTED. */
  readonly maxRules: number;
  /** Bytes of the ring in which punted frames wait for p4rtd: a power of two, 64 KiB … 1 GiB. */
  readonly puntRingBytes: number;
}

/** A prefix and where it leaves. */
export interface Route {
  readonly prefix: Prefix;
  /** A port of the device. */
  readonly portId: number;
}

/** How pipelines are taken. */
export interface PipelineOptions {
  /** A table that the datapath cannot realise: the push is refused, or its entries are kept without effect. */
  readonly unboundTables: "refuse" | "store";
  /** A push of the pipeline that is already there: entries are cleared as by any push, or kept. */
  readonly identicalCommit: "clear" | "keep";
  /** `table.field` of P4Info to the key field that realises it, where annotations do not say. */
  readonly bindings: readonly (readonly [field: string, key: KeyFieldName])[];
  /** Name of a P4Info action to what it does to a frame, where annotations do not say. */
  readonly actions: readonly (readonly [action: string, verdict: PacketAction])[];
}

/** What tables promise. */
export interface AclOptions {
  /** The `size` of a P4Info table: the most entries it takes, or a promise that it takes as many. */
  readonly tableSize: "exact" | "at-least";
  /** Distinct masks per table, 1 … 65,536; one more is RESOURCE_EXHAUSTED. */
  readonly maxMasks: number;
}

/** A network: its address has no bit beyond the prefix length. */
export interface Prefix {
  /** IPv4 or IPv6 literal. */
  readonly address: string;
  /** 0 … 32 for IPv4, 0 … 128 for IPv6. */
  readonly length: number;
}

/** What every port has. */
export interface InterfaceIdentity {
  /** The name operators know, such as `ethernet-1/1`. */
  readonly name: string;
  /** P4Runtime port id, 1 … 0xfffffeff. */
  readonly portId: number;
  readonly deviceId: bigint;
}

/** A port of a software switch. */
export interface VirtualInterface extends InterfaceIdentity {
  readonly type: "virtual";
  /** Largest IP packet in bytes, without Ethernet header and tags; 68 … 65,535. */
  readonly mtu: number;
}

/** A port of the kernel datapath, which has the MTU of its netdev. */
export interface NetdevInterface extends InterfaceIdentity {
  /** `netdev`: a Linux interface that others make. `tap`: a persistent TAP that p4rtd makes if it is not there. */
  readonly type: "netdev" | "tap";
  /** Name of the Linux interface, 1 … 15 bytes; unique in its network namespace. */
  readonly netdev: string;
}

/** A port with the name operators know. */
export type Interface = VirtualInterface | NetdevInterface;

/** What one peer, or all of them, may ask for. */
export interface Limits {
  /** Largest gRPC message taken, in bytes; 4 MiB … 1 GiB. */
  readonly maxRecvBytes: number;
  /** Live controllers per device and role, 16 … 65,536; one more is RESOURCE_EXHAUSTED. */
  readonly controllersPerRole: number;
  /** RPCs in flight per connection, streams included; 1 … 2^31 − 1. The peer queues what is beyond. */
  readonly maxConcurrentStreams: number;
}

/** How soon a silently dead controller is noticed. */
export interface Keepalive {
  /** A ping goes out on each connection every so often; 100 … 7,200,000. */
  readonly timeMs: number;
  /** A connection whose ping is not answered within this time is closed; 100 … 600,000. */
  readonly timeoutMs: number;
}

/** Who becomes primary. */
export interface Arbitration {
  /** `spec`: a lost primary leaves the seat empty until a controller arbitrates. `next-highest`: the best backup takes it. */
  readonly promotion: "spec" | "next-highest";
}

/** A token bucket in packets per second. */
export interface Rate {
  /** Tokens per second, 1 … 10^9. */
  readonly pps: number;
  /** Tokens the bucket holds, 1 … 10^9. */
  readonly burst: number;
}

/** A class of punted frames that actions name by a QOS_QUEUE parameter, with its policer. */
export interface PuntQueue extends Rate {
  readonly name: string;
}

/** What protects the box and its CPU from punt rules. */
export interface Punt {
  /** Frames addressed to the box itself are taken only by rules that name an EtherType. */
  readonly excludeLocal: boolean;
  /** What becomes of frames too broken to parse. */
  readonly unparsable: "pass" | "drop";
  /** Names unique. */
  readonly queues: readonly PuntQueue[];
  /** Punted frames per second by ingress port and in all; undefined: not policed. */
  readonly policers: { readonly perPort: Rate | undefined; readonly deviceTotal: Rate | undefined };
}

/** Frames on their way to controllers. */
export interface PacketInOptions {
  /** `target_egress_port` of a frame whose way out is unknown: no port, or the port it came by. */
  readonly targetEgressFallback: "zero" | "ingress";
  /** What may wait for one controller; a frame beyond either bound is dropped and counted. */
  readonly backlog: {
    /** 1 … 1,048,576 */
    readonly frames: number;
    /** 64 KiB … 1 GiB */
    readonly bytes: number;
  };
}

/** Frames that controllers send. */
export interface PacketOutOptions {
  /** Metadata a PacketOut leaves out: taken as zero, or a reason to refuse it. */
  readonly missingMetadata: "zero" | "strict";
  /** What one controller may send; undefined: as much as it can. */
  readonly rate: Rate | undefined;
}

/** Answers to stream messages that were refused. */
export interface StreamErrors {
  /** False: refused messages are dropped and counted without an answer. */
  readonly enabled: boolean;
  /** Answers per stream and second, 1 … 10^6; refusals beyond are only counted. */
  readonly perStreamPerSecond: number;
  /** A refused message of at most so many bytes comes back whole, of a larger packet its metadata; 0 … 65,536. */
  readonly echoBytes: number;
}

/** What outlives the process. */
export interface Restart {
  /** `cold`: every start begins empty. @see P4Runtime, P4Runtime State Across Restarts */
  readonly mode: "cold";
  /** What becomes of punt rules in the datapath on a clean stop. */
  readonly rulesOnExit: "flush" | "keep";
}

/** Where a server listens. */
export interface Endpoint {
  /** IPv4 or IPv6 literal without brackets, or host name. */
  readonly address: string;
  /** 0 … 65,535; 0: any free one. */
  readonly port: number;
}

/** What the daemon tells about itself. */
export interface Telemetry {
  /** Events below this level are not written. */
  readonly logLevel: "debug" | "info" | "warn" | "error" | "fatal";
  /** Serve metrics on `GET /metrics` there; undefined: not at all. */
  readonly prometheus: { readonly listen: Endpoint } | undefined;
}

/** Standard gRPC services beside P4Runtime. */
export interface Health {
  /** Serve `grpc.health.v1.Health`. */
  readonly grpcHealth: boolean;
  /** Serve gRPC server reflection. */
  readonly reflection: boolean;
}

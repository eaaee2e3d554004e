/** The folders of `src/`: what each may import, and which must stay pure. */

/** Stands for every folder. */
export const everything = "*";

/**
 * What the files of a folder may import besides their own folder and `base`. A key is a file or a folder of `src/`; a
 * file belongs to the longest key above it, and that must be its own folder: a new folder needs a row.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["daemon", "config"],
  "p4rtctl.ts": ["ctl", "daemon"],
  daemon: [everything],
  config: [],
  telemetry: [],
  rpc: ["wire", "wire/gen", "switch", "session", "entity", "packetio"],
  "rpc/p4runtime": ["rpc", "wire", "wire/gen", "switch", "session", "entity", "packetio"],
  "rpc/dataplane": ["rpc", "wire", "wire/gen", "switch", "session", "entity", "packetio"],
  "rpc/admin": ["rpc", "wire", "wire/gen", "switch", "session", "entity", "packetio"],
  ctl: ["wire"],
  wire: ["wire/gen", "entity", "pipeline", "session", "packetio"],
  switch: ["store", "constraints", "acl", "session", "packetio", "entity", "pipeline", "datapath"],
  session: [],
  store: ["entity", "pipeline", "constraints"],
  constraints: ["entity", "pipeline"],
  acl: ["entity", "pipeline", "datapath"],
  packetio: ["pipeline", "datapath"],
  entity: ["pipeline"],
  pipeline: [],
  datapath: [],
  "datapath/soft": ["datapath"],
  "datapath/kernel": ["datapath", "addon"],
  "datapath/sai": ["datapath", "addon"],
  addon: [],
  base: [],
};

/** Generated at build time: may be imported, is not looked into. */
export const generated = "wire/gen";

/** The only folder that loads native code. */
export const requiring = "addon";

/** Folders without I/O, clock, randomness and environment. */
export const pure: ReadonlySet<string> = new Set([
  "session",
  "store",
  "constraints",
  "acl",
  "entity",
  "pipeline",
  "wire",
]);

/** What pure folders may import from Node: modules that compute and do nothing else. */
export const pureModules: ReadonlySet<string> = new Set(["node:assert/strict", "node:buffer", "node:util"]);

/** Packages that compute and do nothing else, with all their modules. */
export const purePackages: ReadonlySet<string> = new Set(["protobufjs", "long"]);

/** Global names by which a pure folder would reach a clock, a timer, randomness, the process or the network. */
export const impureNames: ReadonlySet<string> = new Set([
  "Date",
  "performance",
  "process",
  "crypto",
  "globalThis",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "fetch",
  "console",
]);

/** Words that say nothing about what a file is for. */
export const emptyWords: ReadonlySet<string> = new Set([
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "misc",
  "manager",
]);

/** Above this a file says at its top, with the words "one piece", why it is not split. */
export const maxLines = 400;

/** `listeners`: where controllers connect. */
import type { Security, TcpListener, UnixListener } from "./config.js";
import { defaultPort } from "./defaults.js";
import * as z from "zod";
import { readHost } from "./host.js";
import { integer, scalar, text } from "./scalars.js";
import { list, notA, section } from "./sections.js";

/** Permission bits of a socket whose listener names none. */
export const defaultSocketMode = "0660";

const insecure = () =>
  scalar<Security>({
    what: "true",
    allowed: "true; TLS is not implemented yet, so each listener must say insecure: true",
    read: (value) => (value === true ? "insecure" : undefined),
    explain: (value) => (value === false ? "false would need TLS" : undefined),
  });

const address = () =>
  scalar<string>({
    what: "an address",
    allowed: "an IPv4 or IPv6 literal without brackets, or a host name",
    read: readHost,
  });

const socketPath = () =>
  scalar<string>({
    what: "a socket path",
    allowed: "an absolute path of at most 107 bytes",
    read: (value) =>
      typeof value === "string" && /^\/[^\0]*[^/\0]$/.test(value) && Buffer.byteLength(value) <= 107
        ? value
        : undefined,
  });

const mode = () =>
  scalar<string>({
    what: "a file mode",
    allowed: 'quoted octal digits such as "0660"',
    read: (value) => (typeof value === "string" && /^0?[0-7]{3}$/.test(value) ? value : undefined),
    explain: (value) => (typeof value === "bigint" ? `${value.toString()} is not quoted` : undefined),
  });

const tcp = section(
  {
    kind: z.literal("tcp"),
    address: address(),
    port: integer("a TCP port", 0, 65535).default(defaultPort),
    insecure: insecure(),
  },
  ["kind"],
).transform((raw): TcpListener => ({ kind: "tcp", address: raw.address, port: raw.port, security: raw.insecure }));

const unix = section(
  {
    kind: z.literal("unix"),
    unix: socketPath(),
    mode: mode().default(defaultSocketMode),
    group: text("a group", /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, "the name or number of a group").optional(),
    insecure: insecure(),
  },
  ["kind"],
).transform((raw): UnixListener => ({
  kind: "unix",
  path: raw.unix,
  mode: parseInt(raw.mode, 8),
  group: raw.group,
  security: raw.insecure,
}));

/** Tells the two forms apart by their keys; `kind` is not a key of the file. */
const listener = z.preprocess(
  (raw, context) => {
    const known = "address port unix mode group insecure";
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      const allowed = "{address, port, insecure} or {unix, mode, group, insecure}";
      context.addIssue({ code: "custom", message: `${notA(raw, "a mapping")} (allowed: ${allowed})` });
      return raw;
    }
    if ("kind" in raw) context.addIssue({ code: "unrecognized_keys", keys: ["kind"], message: known, input: raw });
    return { ...raw, kind: "unix" in raw ? "unix" : "tcp" };
  },
  z.discriminatedUnion("kind", [tcp, unix]),
);

/** The section `listeners`. */
export const listeners = list(listener, "listeners", 1);

/** `listeners`: where controllers connect. */
import type { Security, TcpListener, UnixListener } from "./config.js";
import { defaultPort } from "./defaults.js";
import * as z from "zod";
import { readHost } from "./host.js";
import { integer, scalar } from "./scalars.js";
import { list, notA, section } from "./sections.js";
import { unixSocket, unixSocketKeys } from "./unix-socket.js";

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
    ...unixSocketKeys(),
    insecure: insecure(),
  },
  ["kind"],
).transform((raw): UnixListener => ({
  kind: "unix",
  ...unixSocket(raw),
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

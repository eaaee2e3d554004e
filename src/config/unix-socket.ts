/** The keys of a Unix socket that is listened on. */
import type { UnixSocket } from "./config.js";
import { scalar, text } from "./scalars.js";

/** Permission bits of a socket whose section names none. */
export const defaultSocketMode = "0660";

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

/** `unix`, `mode` and `group`, as keys of a section. */
export const unixSocketKeys = () => ({
  unix: socketPath(),
  mode: mode().default(defaultSocketMode),
  group: text("a group", /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, "the name or number of a group").optional(),
});

/** What those keys say. */
export function unixSocket(raw: {
  readonly unix: string;
  readonly mode: string;
  readonly group?: string | undefined;
}): UnixSocket {
  return { path: raw.unix, mode: parseInt(raw.mode, 8), group: raw.group };
}

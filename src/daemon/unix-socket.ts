/** What a Unix socket needs besides binding: its path free, its mode and group as configured. */
import { chmodSync, chownSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { UnixSocket } from "../config/config.js";

/** The system's groups. @see group(5) */
const groupFile = "/etc/group";

/**
 * Calls `bind` so that its socket replaces one that a killed process left behind and is at no moment more open than its
 * mode. Anything else in its place stays there, and `bind` fails.
 * @throws whatever stops it; no socket stays then
 */
export async function bindUnix(socket: UnixSocket, bind: () => Promise<unknown>): Promise<void> {
  const { path, mode, group } = socket;
  const gid = group === undefined ? undefined : groupId(group);
  if (isSocket(path)) {
    if (await answers(path)) throw new Error("another process listens there");
    rmSync(path);
  }
  const umask = process.umask(0o777 & ~mode);
  try {
    await bind();
  } finally {
    process.umask(umask);
  }
  if (gid === undefined) return;
  chownSync(path, -1, gid);
  chmodSync(path, mode); // chown may take bits away
}

/** True if there is a socket at `path`, dead or alive. */
export function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** True if a process listens on the socket at `path`; one that may not be asked counts as listening. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (live: boolean) => {
      socket.destroy();
      resolve(live);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code !== "ECONNREFUSED"));
  });
}

function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync(groupFile, "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${group}:`));
  if (line === undefined) throw new Error(`there is no group '${group}' in ${groupFile}; its number would do`);
  return Number(line.split(":")[2]);
}

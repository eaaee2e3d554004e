/** A look at the netdevs of a network namespace, once. */
import type { Addon } from "../addon/addon.js";
import { decodeLink, LinkMessage, linkDump, type Link } from "../datapath/kernel/link-message.js";
import { RouteSocket } from "../datapath/kernel/route-socket.js";

/**
 * Calls `work` with a socket in `netns`, which is closed afterwards.
 * @throws SystemError if it cannot be opened
 */
export async function withRouteSocket<T>(
  addon: Addon,
  netns: string | undefined,
  work: (socket: RouteSocket) => Promise<T>,
): Promise<T> {
  const nobody = { onChange: () => {}, onSettled: () => {}, onLost: () => {} };
  const socket = RouteSocket.open(addon, { netns, groups: [] }, nobody);
  try {
    return await work(socket);
  } finally {
    socket.close();
  }
}

/** Every netdev there is now. @throws NetlinkError if the kernel does not tell */
export async function listLinks(socket: RouteSocket): Promise<readonly Link[]> {
  const messages = await socket.list("list netdevs", LinkMessage.get, linkDump());
  return messages.flatMap(({ body }) => decodeLink(body) ?? []);
}

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Addon, NetlinkOptions } from "../../../../src/addon/addon.js";
import { silentLogger } from "../../../../src/base/logger.js";
import { LinkMessage } from "../../../../src/datapath/kernel/link-message.js";
import { attribute, Control, decodeMessages, encodeMessage, Flag } from "../../../../src/datapath/kernel/netlink.js";
import { joined, text, u32 } from "../../../../src/datapath/kernel/netlink.js";
import { NetworkView } from "../../../../src/datapath/kernel/network-view.js";

const ioError = 5; // EIO

/** Lists one netdev, whose name is `name`, or refuses to; answers come a moment later. */
class ScriptedRtnetlink {
  refuses = false;
  name = "old";
  lists = 0;
  readonly told: string[] = [];
  #options: NetlinkOptions | undefined;

  open(): Promise<NetworkView> {
    const openNetlink = (options: NetlinkOptions) => {
      this.#options = options;
      return { send: (request: Uint8Array) => this.#answer(request), close: () => {} };
    };
    const log = { ...silentLogger, warn: (event: string) => void this.told.push(event) };
    const addon = { openNetlink } as unknown as Addon;
    return NetworkView.open({ addon, netns: undefined, log, locals: undefined });
  }

  lose(): void {
    this.#options?.onOverrun();
  }

  #answer(request: Uint8Array): void {
    this.lists++;
    const sequence = decodeMessages(request)?.[0]?.sequence ?? 0;
    const body = joined([u32(0), u32(7), u32(0), u32(0), attribute(3, text(this.name))]);
    const link = encodeMessage({ type: LinkMessage.new, flags: Flag.multi, sequence, body });
    const done = encodeMessage({ type: Control.done, flags: Flag.multi, sequence, body: u32(0) });
    const refused = encodeMessage({ type: Control.error, flags: 0, sequence, body: u32(-ioError >>> 0) });
    const answer = this.refuses ? refused : joined([link, done]);
    setImmediate(() => this.#options?.onMessages(answer));
  }
}

describe("the view of the network", () => {
  it("lists again after a while when the kernel refused to, until it has", async () => {
    const kernel = new ScriptedRtnetlink();
    const view = await kernel.open();
    try {
      assert.equal(view.links.get("old")?.ifindex, 7);
      kernel.refuses = true;
      kernel.name = "new";
      kernel.lose();
      await delay(100);
      assert.deepEqual([kernel.lists, kernel.told], [2, ["addresses.not_listed"]]);
      await delay(250);
      assert.deepEqual([kernel.lists, kernel.told], [3, ["addresses.not_listed"]], "told once");
      kernel.refuses = false;
      await delay(550);
      assert.equal(view.links.get("new")?.ifindex, 7);
      assert.equal(view.links.get("old"), undefined);
      await delay(600);
      assert.equal(kernel.lists, 4, "and no more");
      kernel.refuses = true;
      kernel.lose();
      await delay(100);
      assert.equal(kernel.told.length, 2, "an outage of its own");
    } finally {
      view.close();
    }
  });

  it("lists no more once it is closed", async () => {
    const kernel = new ScriptedRtnetlink();
    const view = await kernel.open();
    kernel.refuses = true;
    kernel.lose();
    await delay(50);
    view.close();
    await delay(350);
    assert.equal(kernel.lists, 2);
  });
});

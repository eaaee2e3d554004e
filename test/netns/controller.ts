/** A controller of WBB that keeps every PacketIn until a test asks for it. */
import assert from "node:assert/strict";
import { etherType, inserting, metadataTexts, packetOut, ttl } from "../conformance/wbb.js";
import type { Daemon } from "../support/daemon.js";
import { long, primary, type P4Client, type P4Stream, type TableEntry } from "../support/p4-client.js";

/** LLDP, GDP, and TTL 0 … 2 of IPv4 and IPv6: everything that WBB's restriction allows. */
export const wbbRules: readonly TableEntry[] = [
  etherType("88cc"),
  etherType("6007"),
  ...[0, 1, 2].flatMap((value) => [ttl(1, value), ttl(2, value)]),
];

/** A PacketIn; ports as WBB has them, in text. */
export interface Punted {
  readonly frame: Buffer;
  readonly ingress: string;
  readonly egress: string;
}

export class Controller {
  /** What came and was not asked for yet. */
  #waiting: Punted[] = [];

  private constructor(
    readonly client: P4Client,
    readonly stream: P4Stream,
    readonly deviceId: bigint,
  ) {}

  /** Becomes primary of a device, pushes WBB, and installs `rules`. */
  static async connect(
    daemon: Daemon,
    rules: readonly TableEntry[] = wbbRules,
    deviceId: bigint = 1n,
  ): Promise<Controller> {
    const client = await daemon.client();
    const controller = new Controller(client, await primary(client, 1n, "wbb", { deviceId }), deviceId);
    await controller.install(rules);
    return controller;
  }

  async install(rules: readonly TableEntry[]): Promise<void> {
    if (rules.length > 0) await this.client.write(inserting(rules, 1, { deviceId: long(this.deviceId) }));
  }

  /** Takes the first frame that `wanted` names; others wait. @throws if nothing more comes for 8 s */
  async packetIn(wanted: (frame: Buffer) => boolean): Promise<Punted> {
    for (;;) {
      const at = this.#waiting.findIndex(({ frame }) => wanted(frame));
      const [found] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (found !== undefined) return found;
      this.#waiting.push(puntedOf(await this.stream.packetIn()));
    }
  }

  /** Takes everything that came until now: the agent answers a marker after it. */
  async drain(): Promise<readonly Punted[]> {
    this.stream.send({ other: { type_url: "test/marker", value: new Uint8Array(0) } });
    for (;;) {
      const { packet, error } = await this.stream.next();
      if (packet) this.#waiting.push(puntedOf(packet));
      else {
        assert.ok(error?.other, "nothing but PacketIns and the marker's answer is expected");
        const all = this.#waiting;
        this.#waiting = [];
        return all;
      }
    }
  }

  /** Sends `frame` out of a port. */
  packetOut(port: string, frame: Uint8Array): void {
    this.stream.send(packetOut([[1, port]], frame));
  }

  /** Lets `frame` enter the box as if it had come by the CPU port. */
  submit(frame: Uint8Array): void {
    const submitToIngress = [2, Buffer.of(1)] as const;
    this.stream.send(packetOut([submitToIngress], frame));
  }

  /** Code in our space of the next StreamError. @see docs/bad-input.md */
  async streamError(): Promise<number> {
    for (;;) {
      const { packet, error } = await this.stream.next();
      if (packet) this.#waiting.push(puntedOf(packet));
      if (!error) continue;
      assert.equal(error.space, "p4rtd");
      return error.code ?? 0;
    }
  }
}

function puntedOf(packet: Parameters<typeof metadataTexts>[0]): Punted {
  const texts = new Map(metadataTexts(packet));
  return { frame: Buffer.from(packet.payload ?? []), ingress: texts.get(1) ?? "", egress: texts.get(2) ?? "" };
}

/** Routing protocols between a host and the box, whose packets have TTL 1, while rules trap TTL 1. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ipv4, udp } from "../support/frame-builder.js";
import { noLeaks } from "../support/no-leaks.js";
import { Bird, holdSeconds } from "./bird.js";
import { describeInNetns } from "../support/needs.js";
import { Controller, wbbRules } from "./controller.js";
import { until } from "../support/until.js";
import { at, dropped, Neighbourhood } from "./neighbourhood.js";
import { noTraces } from "./no-traces.js";
import { ping, Program } from "./program.js";

/** Longer than any of BIRD's timers below. */
const outlastMs = 1000 * holdSeconds + 1500;
const slowMs = 40_000;

const ospf = (netdev: string) => `area 0 { interface "${netdev}" { hello 1; wait 2; dead 3; }; };`;

/** BGP with its timers short, OSPF for both families, and BFD for BGP. */
const protocols = (netdev: string, local: string, neighbor: string) => `
protocol bfd bfd1 { interface "${netdev}" { interval 100 ms; multiplier 5; }; }
protocol bgp bgp1 {
  local ${local}; neighbor ${neighbor}; bfd on;
  hold time ${holdSeconds}; keepalive time 1; connect delay time 1;
  ipv4 { import all; export all; };
}
protocol ospf v2 ospf2 { ipv4 { import none; export none; }; ${ospf(netdev)} }
protocol ospf v3 ospf3 { ipv6 { import none; export none; }; ${ospf(netdev)} }
`;

interface Routers {
  readonly left: Bird;
  readonly box: Bird;
}

async function routers(lab: Neighbourhood): Promise<Routers> {
  const [left, box] = await Promise.all([
    Bird.start(lab, {
      role: "left",
      namespace: lab.left,
      routerId: at.left.v4,
      protocols: protocols("eth0", `${at.left.v4} as 65001`, `${at.box.v4} as 65000`),
    }),
    Bird.start(lab, {
      role: "box",
      namespace: lab.box,
      routerId: at.boxRight.v4,
      protocols: protocols("eth1", `${at.box.v4} as 65000`, `${at.left.v4} as 65001`),
    }),
  ]);
  const full = () =>
    [left, box].every(
      (bird) =>
        bird.session("bgp1").info === "Established" &&
        bird.show("bfd", "sessions", "bfd1").includes(" Up ") &&
        ["ospf2", "ospf3"].every((name) => bird.show("ospf", "neighbors", name).includes("Full/")),
    );
  await until("all sessions are up", full, 20_000);
  return { left, box };
}

/** What flaps if a session is lost for a moment. */
const sessions = ({ left, box }: Routers) =>
  [left, box].map((bird) => ({ bgp: bird.session("bgp1"), bfd: sinceOf(bird.show("bfd", "sessions", "bfd1")) }));

/** When a BFD session came up. */
const sinceOf = (text: string) => / Up +(\S+ \S+|\S+)/.exec(text)?.[1];

/** BIRD tells wall-clock times that it works out anew, so the same moment can be a millisecond off. */
const roundingMs = 100;

/** Fails if a session is not that of `before`, but one that came up later. */
function assertSame(now: ReturnType<typeof sessions>, before: ReturnType<typeof sessions>): void {
  for (const [i, { bgp, bfd }] of now.entries()) {
    const was = before[i];
    assert.equal(bgp.info, was?.bgp.info);
    for (const [since, earlier] of [
      [bgp.since, was?.bgp.since],
      [bfd, was?.bfd],
    ]) {
      const apart = Math.abs(Date.parse(since ?? "") - Date.parse(earlier ?? ""));
      assert.ok(apart <= roundingMs, `a session of ${earlier ?? "nowhere"} came up again at ${since ?? "nowhere"}`);
    }
  }
}

/** The keys of OSPF neighbours that are Full. */
const fullNeighbours = ({ left, box }: Routers) =>
  [left, box].flatMap((bird) =>
    ["ospf2", "ospf3"].map((name) => /Full\/\S+/.exec(bird.show("ospf", "neighbors", name))?.[0]),
  );

const isBgp = (frame: Buffer) =>
  frame.toString("hex", 12, 14) === "0800" &&
  frame[23] === 6 &&
  [34, 36].some((port) => frame.readUInt16BE(port) === 179);

describeInNetns(
  "routing protocols of the box beside rules for TTL 1",
  () => {
    noLeaks();
    noTraces();

    it("keep BGP, BFD and OSPF sessions, of IPv4 and IPv6, for longer than their hold times", async function () {
      this.timeout(slowMs);
      await using lab = await Neighbourhood.build();
      const controller = await Controller.connect(await lab.start(), []);
      const birds = await routers(lab);
      const before = sessions(birds);
      const adjacent = fullNeighbours(birds);
      assert.ok(before.every(({ bfd }) => bfd !== undefined));
      await controller.install(wbbRules);
      await delay(outlastMs);
      assertSame(sessions(birds), before);
      assert.deepEqual(fullNeighbours(birds), adjacent);
      assert.equal(before[0]?.bgp.info, "Established");
      const taken = (await controller.drain()).map(({ frame }) => frame);
      assert.deepEqual(taken.filter(isBgp), []);
    });

    it("end where punt.exclude_local is off: the controller has their packets", async function () {
      this.timeout(slowMs);
      await using lab = await Neighbourhood.build();
      const controller = await Controller.connect(await lab.start({ more: "punt: { exclude_local: false }" }), []);
      const birds = await routers(lab);
      await controller.install(wbbRules);
      const { ingress } = await controller.packetIn(isBgp);
      assert.equal(ingress, "1");
      await until("BGP is down", () => birds.box.session("bgp1").info !== "Established", 2000 * holdSeconds);
    });
  },
  ["bird", "birdc"],
);

describeInNetns("the box's own addresses beside rules for TTL 1", () => {
  noLeaks();
  noTraces();
  let lab: Neighbourhood;
  let controller: Controller;
  let localsOf: () => Promise<number>;

  before("p4rtd with a controller", async () => {
    lab = await Neighbourhood.build();
    const daemon = await lab.start();
    controller = await Controller.connect(daemon);
    localsOf = () => dropped(daemon, "local-address");
  });
  after("p4rtd with a controller", () => lab[Symbol.asyncDispose]());

  it("are resolved anew by IPv6 neighbour discovery and by ARP", async () => {
    for (const flag of ["-4", "-6"]) {
      lab.left.ip(`${flag} neigh flush dev eth0`);
      lab.box.ip(`${flag} neigh flush dev eth1`);
    }
    await ping(lab.left, at.box.v6);
    await ping(lab.left, at.box.v4);
    await ping(lab.box, at.left.v6);
    await ping(lab.left, at.right.v6);
  });

  it("get broadcasts to 255.255.255.255 with TTL 1, as DHCP has them", async () => {
    const before = await localsOf();
    const dhcp = ipv4({ src: "0.0.0.0", dst: "255.255.255.255", ttl: 1 }, udp(68, 67));
    const head = Buffer.from(`ffffffffffff${at.left.mac.replaceAll(":", "")}`, "hex");
    const frame = Buffer.concat([head, Buffer.from(dhcp), Buffer.alloc(60)]);
    const arrives = await lab.capture(lab.box, "eth1");
    await lab.wire(lab.left).send([frame]);
    await arrives.find((each) => Buffer.from(each).equals(frame));
    assert.deepEqual(
      (await controller.drain()).filter((punted) => punted.frame.equals(frame)),
      [],
    );
    assert.ok((await localsOf()) > before);
  });

  for (const [address, prefix] of [
    ["10.0.1.77", 24],
    ["2001:db8:1::77", 64],
  ] as const)
    it(`are followed: ${address} is answered at TTL 1 once it is there, and trapped once it is not`, async () => {
      const echo = ["ping", "-n", "-c", "1", "-W", "1", "-t", "1", address];
      const answered = async () => {
        await using program = Program.start(lab.left, echo);
        return (await program.ended).code === 0;
      };
      lab.box.ip(`address add ${address}/${prefix} dev eth1${address.includes(":") ? " nodad" : ""}`);
      await becomes("it is answered", answered);
      const isEcho = (frame: Buffer) => frame.includes(bytesOf(address)) && [22, 21].some((i) => frame[i] === 1);
      await controller.drain();
      lab.box.ip(`address del ${address}/${prefix} dev eth1`);
      await becomes("it is not answered", async () => !(await answered()));
      // The host still knows the MAC; what it sends is trapped now.
      const { ingress } = await controller.packetIn(isEcho);
      assert.equal(ingress, "1");
    });
});

/** Tries until `holds`. */
async function becomes(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 8000; !(await holds());)
    if (performance.now() > deadline) throw new Error(`${what}: not within 8 s`);
}

/** An IPv4 address, or one of the IPv6 addresses here. */
function bytesOf(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) =>
    Buffer.from(
      text
        .split(":")
        .map((group) => group.padStart(4, "0"))
        .join(""),
      "hex",
    );
  const [first, last] = [groups(head), groups(tail)];
  return Buffer.concat([first, Buffer.alloc(16 - first.length - last.length), last]);
}

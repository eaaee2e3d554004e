/** A program whose entities refer to each other: interfaces, neighbours, next hops, routes, multicast groups. */
import { action, field, matchField, matchType, p4info, ref, table } from "./p4info-spec.js";

/** Ids of the program. */
export const linked = {
  interfaces: 0x0200_0001,
  neighbours: 0x0200_0002,
  nexthops: 0x0200_0003,
  routes: 0x0200_0004,
  replicas: 0x0200_0005,
  /** Names an interface and a neighbour of it. */
  resolve: 0x0100_0001,
  /** Names a next hop. */
  forward: 0x0100_0002,
  /** Names a multicast group. */
  multicast: 0x0100_0003,
  nothing: 0x0100_0004,
} as const;

const exact = { match: matchType.exact, bitwidth: 8 };
const bits8 = (id: number, name: string, ...annotations: readonly string[]) => field(id, name, { annotations });
const refs = (...ids: readonly number[]) => ids.map((id) => ref(id));
const groups = "builtin : : multicast_group_table";

/** Blanks in the annotations are where p4c prints them. */
export const linkedSpec = p4info({
  tables: [
    table(linked.interfaces, "interfaces", {
      matchFields: [matchField(1, "id", exact)],
      actionRefs: refs(linked.nothing),
    }),
    table(linked.neighbours, "neighbours", {
      matchFields: [
        matchField(1, "interface", { ...exact, annotations: ["@refers_to(interfaces , id)"] }),
        matchField(2, "address", exact),
      ],
      actionRefs: refs(linked.nothing),
    }),
    table(linked.nexthops, "nexthops", {
      matchFields: [matchField(1, "id", exact)],
      actionRefs: refs(linked.resolve, linked.nothing),
    }),
    table(linked.routes, "routes", {
      matchFields: [
        matchField(1, "number", exact),
        matchField(2, "via", { bitwidth: 8, match: matchType.optional, annotations: ["@refers_to(nexthops, id)"] }),
        matchField(3, "also", { bitwidth: 8, match: matchType.ternary, annotations: ["@refers_to(nexthops, id)"] }),
      ],
      actionRefs: refs(linked.forward, linked.multicast, linked.nothing),
    }),
    table(linked.replicas, "replicas", {
      matchFields: [
        matchField(1, "port", { ...exact, annotations: [`@referenced_by(${groups} , replica . port)`] }),
        matchField(2, "instance", { ...exact, annotations: [`@referenced_by(${groups} , replica . instance)`] }),
      ],
      actionRefs: refs(linked.nothing),
    }),
  ],
  actions: [
    action(linked.resolve, "resolve", [
      bits8(1, "interface", "@refers_to(interfaces, id)", "@refers_to(neighbours , interface)"),
      bits8(2, "address", "@refers_to(neighbours, address)"),
    ]),
    action(linked.forward, "forward", [bits8(1, "nexthop", "@refers_to(nexthops, id)")]),
    action(linked.multicast, "multicast", [bits8(1, "group", `@refers_to(${groups} , multicast_group_id)`)]),
    action(linked.nothing, "NoAction"),
  ],
});

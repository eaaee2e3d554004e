import assert from "node:assert/strict";
import { bindAction, declaresUnsupported } from "../../../src/acl/action-binding.js";
import type { Verdict } from "../../../src/datapath/rule.js";
import { parseAnnotations } from "../../../src/pipeline/annotation.js";
import type { Action } from "../../../src/pipeline/pipeline.js";
import { action, format } from "../constraints/programs.js";

const named = (name: string, annotations: readonly string[] = [], alias = name): Action => ({
  ...action(name, [], annotations),
  alias,
});

function colours(of: Action, configured: readonly [string, Verdict][] = []): string {
  const binding = bindAction(of, new Map(configured));
  if ("reason" in binding) return binding.reason;
  const { green, yellow, red } = binding.verdicts;
  return `${green} ${yellow} ${red}`;
}

describe("what an action means", () => {
  // Architecture §3: no colour named: green and yellow as said, red without the copy.
  for (const [sai, want] of [
    ["DROP", "drop drop drop"],
    ["FORWARD", "forward forward forward"],
    ["COPY", "copy copy forward"],
    ["COPY_CANCEL", "copy-cancel copy-cancel copy-cancel"],
    ["TRAP", "trap trap drop"],
    ["LOG", "copy copy forward"],
    ["DENY", "deny deny deny"],
    ["TRANSIT", "copy-cancel copy-cancel copy-cancel"],
  ] as const)
    it(`is ${want} by @sai_action(${sai}) without colour`, () => {
      assert.equal(colours(named("a", [`@sai_action(SAI_PACKET_ACTION_${sai})`])), want);
    });

  // Some named: yellow unnamed acts as green, other unnamed colours as forward.
  for (const { sai, want } of [
    { sai: ["TRAP, SAI_PACKET_COLOR_GREEN"], want: "trap trap forward" },
    { sai: ["COPY, SAI_PACKET_COLOR_YELLOW"], want: "forward copy forward" },
    { sai: ["DROP, SAI_PACKET_COLOR_RED"], want: "forward forward drop" },
    { sai: ["TRAP , SAI_PACKET_COLOR_GREEN", "DROP , SAI_PACKET_COLOR_RED"], want: "trap trap drop" },
    { sai: ["COPY , SAI_PACKET_COLOR_GREEN", "FORWARD , SAI_PACKET_COLOR_RED"], want: "copy copy forward" },
    {
      sai: ["TRAP, SAI_PACKET_COLOR_GREEN", "COPY, SAI_PACKET_COLOR_YELLOW", "DENY, SAI_PACKET_COLOR_RED"],
      want: "trap copy deny",
    },
    { sai: ["TRAP", "DENY, SAI_PACKET_COLOR_RED"], want: "trap trap deny" },
    { sai: ["TRAP", "COPY, SAI_PACKET_COLOR_YELLOW"], want: "trap copy drop" },
  ])
    it(`is ${want} by ${sai.join(" and ")}`, () => {
      const annotations = sai.map((body) => `@sai_action(SAI_PACKET_ACTION_${body})`);
      assert.equal(colours(named("a", annotations)), want);
    });

  for (const { body, want } of [
    { body: "SAI_PACKET_ACTION_SHOUT", want: "@sai_action(SAI_PACKET_ACTION_SHOUT)" },
    { body: "", want: "@sai_action()" },
    { body: "constructor", want: "@sai_action(constructor)" },
    { body: "__proto__", want: "@sai_action(__proto__)" },
    {
      body: "DROP, SAI_PACKET_COLOR_BLUE",
      want: "@sai_action(DROP, SAI_PACKET_COLOR_BLUE): colour 'SAI_PACKET_COLOR_BLUE'",
    },
    { body: "DROP, toString", want: "@sai_action(DROP, toString): colour 'toString'" },
  ])
    it(`is nothing by @sai_action(${body})`, () => {
      assert.equal(colours(named("drop", [`@sai_action(${body})`])), want);
    });

  it("is nothing if one colour has two actions", () => {
    const twice = named("a", ["@sai_action(DROP)", "@sai_action(TRAP)"]);
    assert.equal(colours(twice), "@sai_action(TRAP) after another one for the same colour");
  });

  for (const { name, alias, want } of [
    { name: "NoAction", alias: "NoAction", want: "forward forward forward" },
    { name: "ingress.acl.send_to_cpu", alias: "send_to_cpu", want: "trap trap drop" },
    { name: "ingress.acl.COPY_TO_CPU", alias: "", want: "copy copy forward" },
    { name: "a.drop", alias: "acl.drop", want: "drop drop drop" },
  ])
    it(`is ${want} by the name '${alias || name}'`, () => {
      assert.equal(colours(named(name, [], alias)), want);
    });

  for (const name of ["set_vrf", "constructor", "__proto__", "valueof", ""])
    it(`is nothing by the name '${name}'`, () => {
      assert.equal(colours(named(name)), "no binding");
    });

  it("is what the configuration says before the name, and after an annotation", () => {
    assert.equal(colours(named("a.drop", [], "drop"), [["drop", "trap"]]), "trap trap drop");
    assert.equal(colours(named("a.drop", [], "drop"), [["a.drop", "copy"]]), "copy copy forward");
    assert.equal(colours(named("drop", ["@sai_action(DENY)"]), [["drop", "trap"]]), "deny deny deny");
  });

  const withParams = (annotations: readonly (readonly string[])[], sai = ["@sai_action(TRAP)"]): Action => {
    const params = annotations.map((texts, index) => ({
      id: index + 1,
      index,
      name: `p${index + 1}`,
      format: format(8),
      annotations: parseAnnotations(texts),
    }));
    return { ...named("a", sai), params };
  };

  /** The annotations of a parameter that steers. */
  const sai = (attribute: string, object?: string): readonly string[] => [
    `@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_${attribute})`,
    ...(object === undefined ? [] : [`@sai_action_param_object_type(SAI_OBJECT_TYPE_${object})`]),
  ];

  it("takes a queue from the parameter that says so", () => {
    const binding = bindAction(withParams([["@format(X)", "@ sai_action_param ( QOS_QUEUE )"]]), new Map());
    assert.ok("verdicts" in binding);
    assert.equal(binding.queueParam?.name, "p1");
  });

  for (const { title, params, want } of [
    { title: "a parameter nobody explains", params: [[]], want: "parameter 'p1' has no meaning here" },
    {
      title: "two queues",
      params: [["@sai_action_param(QOS_QUEUE)"], ["@sai_action_param(QOS_QUEUE)"]],
      want: "@sai_action_param(QOS_QUEUE) of 'p2'",
    },
    {
      title: "a redirect to nobody knows what",
      params: [["@sai_action_param(QOS_QUEUE)"], ["@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_REDIRECT)"]],
      want: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_REDIRECT) of 'p2'",
    },
    {
      title: "a redirect to a next hop",
      params: [sai("REDIRECT", "NEXT_HOP")],
      want: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_REDIRECT), object type SAI_OBJECT_TYPE_NEXT_HOP, of 'p1'",
    },
    {
      title: "two ways",
      params: [sai("REDIRECT", "PORT"), sai("REDIRECT", "L2MC_GROUP")],
      want: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_REDIRECT) of 'p2'",
    },
    {
      title: "two mirror sessions",
      params: [sai("MIRROR_INGRESS"), sai("MIRROR_INGRESS")],
      want: "@sai_action_param(SAI_ACL_ENTRY_ATTR_ACTION_MIRROR_INGRESS) of 'p2'",
    },
    {
      title: "a parameter nobody explains beside a redirect",
      params: [sai("REDIRECT", "PORT"), []],
      want: "parameter 'p2' has no meaning here",
    },
  ])
    it(`is nothing with ${title}`, () => {
      assert.equal(colours(withParams(params)), want);
    });

  /** `green yellow red: role parameter …` */
  function steered(of: Action): string {
    const binding = bindAction(of, new Map());
    if ("reason" in binding) return binding.reason;
    const roles = Object.entries({ queue: binding.queueParam, ...binding.steering });
    return `${colours(of)}:${roles.map(([role, param]) => (param === undefined ? "" : ` ${role} ${param.name}`)).join("")}`;
  }

  for (const { title, of, want } of [
    {
      title: "a redirect to a port, without @sai_action",
      of: withParams([sai("REDIRECT", "PORT")], []),
      want: "forward forward forward: port p1",
    },
    {
      title: "a redirect to an L2 group",
      of: withParams([sai("REDIRECT", "L2MC_GROUP")], []),
      want: "forward forward forward: group p1",
    },
    {
      title: "a redirect to an IP group with a queue and a verdict",
      of: withParams(
        [sai("REDIRECT", "IPMC_GROUP"), ["@sai_action_param(QOS_QUEUE)"]],
        ["@sai_action(SAI_PACKET_ACTION_COPY_CANCEL)"],
      ),
      want: "copy-cancel copy-cancel copy-cancel: queue p2 group p1",
    },
    {
      title: "a mirror session and a port",
      of: withParams([sai("MIRROR_INGRESS"), sai("REDIRECT", "PORT")], ["@sai_action(SAI_PACKET_ACTION_FORWARD)"]),
      want: "forward forward forward: session p1 port p2",
    },
    {
      title: "the name set_egress_port",
      of: { ...withParams([[]], []), name: "ingress.set_egress_port", alias: "" },
      want: "forward forward forward: port p1",
    },
    {
      title: "the name set_multicast_group",
      of: { ...withParams([[]], []), name: "x", alias: "acl.Set_Multicast_Group" },
      want: "forward forward forward: group p1",
    },
    {
      title: "the name clone_to_session",
      of: { ...withParams([[]], []), name: "clone_to_session", alias: "" },
      want: "forward forward forward: session p1",
    },
    {
      title: "the name set_egress_port of two parameters",
      of: { ...withParams([[], []], []), name: "set_egress_port", alias: "" },
      want: "no binding",
    },
  ])
    it(`steers by ${title}: ${want}`, () => {
      assert.equal(steered(of), want);
    });

  it("names the parameter rather than the missing verdict", () => {
    assert.equal(colours(withParams([["@sai_action_param(MIRROR)"]], [])), "@sai_action_param(MIRROR) of 'p1'");
  });

  for (const { annotations, want } of [
    { annotations: [], want: false },
    { annotations: ["@x", "@ unsupported"], want: true },
    { annotations: ["@unsupported_x"], want: false },
  ])
    it(`may ${want ? "" : "not "}be missing where [${annotations.join(", ")}] is said`, () => {
      assert.equal(declaresUnsupported(parseAnnotations(annotations)), want);
    });
});

/** Which verdicts an action of the program means, per meter colour. */
import type { PuntAction, Verdict } from "../datapath/rule.js";
import { annotationArguments, annotationBodies, type Annotation } from "../pipeline/annotation.js";
import type { Action, Param } from "../pipeline/pipeline.js";
import { roleParams, shortName, type SteeringParams } from "./param-role.js";

/** Verdicts by colour. */
type Verdicts = Pick<PuntAction, "green" | "yellow" | "red">;

/** `queueParam`: the parameter whose value names the queue. `steering`: those that name ways and clones, if there are any. */
export interface ActionBinding {
  readonly verdicts: Verdicts;
  readonly queueParam: Param | undefined;
  readonly steering: SteeringParams | undefined;
}

/** Maps, for the names looked up come from the wire: `constructor` is none of ours. */
const verdicts = (rows: Readonly<Record<string, Verdict>>): ReadonlyMap<string, Verdict> =>
  new Map(Object.entries(rows));

/** SAI packet actions without prefix; LOG is a copy, TRANSIT forwards without copies. @see SAI saitypes.h, saiswitch.h */
const saiVerdicts = verdicts({
  DROP: "drop",
  FORWARD: "forward",
  COPY: "copy",
  COPY_CANCEL: "copy-cancel",
  TRAP: "trap",
  LOG: "copy",
  DENY: "deny",
  TRANSIT: "copy-cancel",
});

/** The verdict of a SAI packet action, with or without its prefix `SAI_PACKET_ACTION_`. */
export function saiVerdict(name: string): Verdict | undefined {
  return saiVerdicts.get(name.replace(/^SAI_PACKET_ACTION_/, ""));
}

/** Last component of an action's name or alias, in lower case. */
const wellKnown = verdicts({
  noaction: "forward",
  nop: "forward",
  no_op: "forward",
  forward: "forward",
  permit: "forward",
  drop: "drop",
  acl_drop: "drop",
  mark_to_drop: "drop",
  deny: "deny",
  send_to_cpu: "trap",
  punt: "trap",
  punt_to_cpu: "trap",
  trap: "trap",
  acl_trap: "trap",
  copy_to_cpu: "copy",
  clone_to_cpu: "copy",
  acl_copy: "copy",
});

type Color = "green" | "yellow" | "red";
const colors = new Map<string, Color>([
  ["GREEN", "green"],
  ["YELLOW", "yellow"],
  ["RED", "red"],
]);

/** What is left of a verdict when the meter is red and no colour is named: the CPU copy is lost. */
function withoutCopy(verdict: Verdict): Verdict {
  return verdict === "trap" ? "drop" : verdict === "copy" ? "forward" : verdict;
}

/** True if an action, or a table's reference to one, says that a target may lack it. */
export function declaresUnsupported(annotations: readonly Annotation[]): boolean {
  return annotations.some((annotation) => annotation.name === "unsupported");
}

/** The binding of `action`, or the reason why there is none. */
export function bindAction(
  action: Action,
  configured: ReadonlyMap<string, Verdict>,
): ActionBinding | { readonly reason: string } {
  const roles = roleParams(action);
  if ("reason" in roles) return roles;
  const { queue, ...ways } = roles.params;
  const steering = Object.keys(ways).length === 0 ? undefined : ways;
  const byColor = verdictsOf(action, configured, steering === undefined ? undefined : "forward");
  if ("reason" in byColor) return byColor;
  if (roles.idle !== undefined) return { reason: `parameter '${roles.idle.name}' has no meaning here` };
  return { verdicts: byColor, queueParam: queue, steering };
}

/** @param otherwise the verdict of an action of which neither annotation nor configuration nor name say one */
function verdictsOf(
  action: Action,
  configured: ReadonlyMap<string, Verdict>,
  otherwise: Verdict | undefined,
): Verdicts | { readonly reason: string } {
  const bodies = annotationBodies(action.annotations, "sai_action");
  if (bodies.length === 0) {
    const named = configured.get(action.alias) ?? configured.get(action.name) ?? wellKnown.get(shortName(action));
    const verdict = named ?? otherwise;
    if (verdict === undefined) return { reason: "no binding" };
    return { green: verdict, yellow: verdict, red: withoutCopy(verdict) };
  }
  const named = new Map<Color | "any", Verdict>();
  for (const body of bodies) {
    const [packetAction = "", color] = annotationArguments(body);
    const verdict = saiVerdict(packetAction);
    if (verdict === undefined) return { reason: `@sai_action(${body.trim()})` };
    const key = color === undefined ? "any" : colors.get(color.replace(/^SAI_PACKET_COLOR_/, ""));
    if (key === undefined) return { reason: `@sai_action(${body.trim()}): colour '${color ?? ""}'` };
    if (named.has(key)) return { reason: `@sai_action(${body.trim()}) after another one for the same colour` };
    named.set(key, verdict);
  }
  const base = named.get("any");
  const green = named.get("green") ?? base ?? "forward";
  const yellow = named.get("yellow") ?? base ?? green;
  const red = named.get("red") ?? (base === undefined ? "forward" : withoutCopy(base));
  return { green, yellow, red };
}

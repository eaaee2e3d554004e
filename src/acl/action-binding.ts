/** Which verdicts an action of the program means, per meter colour. */
import type { PuntAction, Verdict } from "../datapath/rule.js";
import { annotationArguments, annotationBodies } from "../pipeline/annotation.js";
import type { Action, ActionRef, Param } from "../pipeline/pipeline.js";

/** `queueParam`: the parameter whose value names the queue. */
export interface ActionBinding {
  readonly verdicts: Omit<PuntAction, "queue">;
  readonly queueParam: Param | undefined;
}

/** SAI packet actions without prefix; LOG is a copy, TRANSIT forwards without copies. @see SAI saitypes.h, saiswitch.h */
const saiVerdicts: Readonly<Record<string, Verdict>> = {
  DROP: "drop",
  FORWARD: "forward",
  COPY: "copy",
  COPY_CANCEL: "copy-cancel",
  TRAP: "trap",
  LOG: "copy",
  DENY: "deny",
  TRANSIT: "copy-cancel",
};

/** The verdict of a SAI packet action, with or without its prefix `SAI_PACKET_ACTION_`. */
export function saiVerdict(name: string): Verdict | undefined {
  return saiVerdicts[name.replace("SAI_PACKET_ACTION_", "")];
}

/** Last component of an action's name or alias, in lower case. */
const wellKnown: Readonly<Record<string, Verdict>> = {
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
};

type Color = "green" | "yellow" | "red";
const colors: Readonly<Record<string, Color>> = { GREEN: "green", YELLOW: "yellow", RED: "red" };

/** What is left of a verdict when the meter is red and no colour is named: the CPU copy is lost. */
function withoutCopy(verdict: Verdict): Verdict {
  return verdict === "trap" ? "drop" : verdict === "copy" ? "forward" : verdict;
}

/** True if the action says that a target may lack it. */
export const declaredUnsupported = (ref: ActionRef) =>
  [...ref.annotations, ...ref.action.annotations].some((annotation) => annotation.name === "unsupported");

/** The binding of `action`, or the reason why there is none. */
export function bindAction(
  action: Action,
  configured: ReadonlyMap<string, Verdict>,
): ActionBinding | { readonly reason: string } {
  const verdicts = verdictsOf(action, configured);
  if ("reason" in verdicts) return verdicts;
  let queueParam: Param | undefined;
  for (const param of action.params) {
    const roles = annotationBodies(param.annotations, "sai_action_param").map((body) => body.trim());
    if (roles[0] !== "QOS_QUEUE" || queueParam !== undefined)
      return {
        reason:
          roles[0] === undefined
            ? `parameter '${param.name}' has no meaning here`
            : `@sai_action_param(${roles[0]}) of '${param.name}'`,
      };
    queueParam = param;
  }
  return { verdicts, queueParam };
}

function verdictsOf(
  action: Action,
  configured: ReadonlyMap<string, Verdict>,
): Omit<PuntAction, "queue"> | { readonly reason: string } {
  const bodies = annotationBodies(action.annotations, "sai_action");
  if (bodies.length === 0) {
    const name = (action.alias === "" ? action.name : action.alias).split(".").at(-1)?.toLowerCase() ?? "";
    const verdict = configured.get(action.alias) ?? configured.get(action.name) ?? wellKnown[name];
    if (verdict === undefined)
      return { reason: `no @sai_action, no entry '${action.alias}' in pipeline.actions and no well-known name` };
    return { green: verdict, yellow: verdict, red: withoutCopy(verdict) };
  }
  const named = new Map<Color, Verdict>();
  let base: Verdict | undefined;
  for (const body of bodies) {
    const [packetAction = "", color] = annotationArguments(body);
    const verdict = saiVerdict(packetAction);
    if (verdict === undefined) return { reason: `@sai_action(${body.trim()})` };
    if (color === undefined) base = verdict;
    else {
      const key = colors[color.replace("SAI_PACKET_COLOR_", "")];
      if (key === undefined) return { reason: `@sai_action(${body.trim()}): colour '${color}'` };
      named.set(key, verdict);
    }
  }
  const green = named.get("green") ?? base ?? "forward";
  const yellow = named.get("yellow") ?? base ?? green;
  const red = named.get("red") ?? (base === undefined ? "forward" : withoutCopy(base));
  return { green, yellow, red };
}

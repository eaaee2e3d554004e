/** What a parameter of an action decides, entry by entry. */
import { annotationBodies } from "../pipeline/annotation.js";
import type { Action, Param } from "../pipeline/pipeline.js";

/**
 * `queue`: the queue of the copy to the CPU. `port` and `group`: where a frame goes that is forwarded. `session`: the
 * clone session that gets copies.
 */
export type ParamRole = "queue" | "port" | "group" | "session";

/** Parameters by what they decide. */
export type RoleParams = Readonly<Partial<Record<ParamRole, Param>>>;

/** Parameters that say where frames and their clones go. */
export type SteeringParams = Omit<RoleParams, "queue">;

const saiRoles: ReadonlyMap<string, ParamRole> = new Map([
  ["QOS_QUEUE", "queue"],
  ["SAI_ACL_ENTRY_ATTR_ACTION_MIRROR_INGRESS", "session"],
]);

/** What a redirect leads to, by `@sai_action_param_object_type`. @see SAI saitypes.h */
const saiObjects: ReadonlyMap<string, ParamRole> = new Map([
  ["SAI_OBJECT_TYPE_PORT", "port"],
  ["SAI_OBJECT_TYPE_L2MC_GROUP", "group"],
  ["SAI_OBJECT_TYPE_IPMC_GROUP", "group"],
]);

/** Last components, in lower case, of the names of actions whose only parameter means this. */
const wellKnown: ReadonlyMap<string, ParamRole> = new Map([
  ["set_egress_port", "port"],
  ["set_multicast_group", "group"],
  ["clone_to_session", "session"],
]);

/** The last component of an action's alias or name, in lower case: what its well-known name is looked up by. */
export function shortName({ alias, name }: Action): string {
  return (alias === "" ? name : alias).split(".").at(-1)?.toLowerCase() ?? "";
}

/**
 * The parameters of `action` by what they decide, or the reason why an annotation says nothing that is known.
 * `idle`: the first of which nothing is said.
 */
export function roleParams(
  action: Action,
): { readonly params: RoleParams; readonly idle: Param | undefined } | { readonly reason: string } {
  const params: Partial<Record<ParamRole, Param>> = {};
  let idle: Param | undefined;
  for (const param of action.params) {
    const said = annotationBodies(param.annotations, "sai_action_param")[0]?.trim();
    const object = annotationBodies(param.annotations, "sai_action_param_object_type")[0]?.trim();
    const role = said === undefined ? wellKnownRole(action) : saiRole(said, object);
    if (role === undefined) {
      const what = object === undefined ? "" : `, object type ${object},`;
      if (said !== undefined) return { reason: `@sai_action_param(${said})${what} of '${param.name}'` };
      idle ??= param;
      continue;
    }
    const isSecond = params[role] !== undefined || (isWay(role) && (params.port ?? params.group) !== undefined);
    if (isSecond) return { reason: `@sai_action_param(${said ?? ""}) of '${param.name}'` };
    params[role] = param;
  }
  return { params, idle };
}

const isWay = (role: ParamRole) => role === "port" || role === "group";

function saiRole(said: string, object: string | undefined): ParamRole | undefined {
  if (said === "SAI_ACL_ENTRY_ATTR_ACTION_REDIRECT") return saiObjects.get(object ?? "");
  return saiRoles.get(said);
}

function wellKnownRole(action: Action): ParamRole | undefined {
  return action.params.length === 1 ? wellKnown.get(shortName(action)) : undefined;
}

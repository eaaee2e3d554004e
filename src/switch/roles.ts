/** The roles of one device: what each may do with the program in force. */
import { statusOf } from "../base/status.js";
import type { Arbiter } from "../session/arbiter.js";
import type { RoleDefinition } from "../session/role-definition.js";
import { defaultRole, roleText, type RoleConfig, type RoleName } from "../session/role.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import { RoleAccess } from "./role-access.js";

/** Reads a role.config. @throws StatusError INVALID_ARGUMENT */
export type RoleConfigDecoder = (config: RoleConfig) => RoleDefinition;

/** Why `role` may not have `config`; undefined: it may (ARB-06, ARB-12). */
export function refuseRoleConfig(
  decode: RoleConfigDecoder,
): (role: RoleName, config: RoleConfig) => string | undefined {
  return (role, config) => {
    if (role === defaultRole)
      return "it may do everything and takes no role.config; name a role, or leave role.config unset";
    try {
      decode(config);
      return undefined;
    } catch (error) {
      return statusOf(error).message;
    }
  };
}

interface Known {
  readonly config: RoleConfig | undefined;
  readonly access: RoleAccess;
}

export class Roles {
  readonly #arbiter: Arbiter;
  readonly #decode: RoleConfigDecoder;
  readonly #definitions = new WeakMap<RoleConfig, RoleDefinition>();
  /** What was asked last, per role. A pipeline that is gone is not held by roles that were not asked since. */
  readonly #known = new WeakMap<Pipeline, Map<RoleName, Known>>();

  constructor(arbiter: Arbiter, decode: RoleConfigDecoder) {
    this.#arbiter = arbiter;
    this.#decode = decode;
  }

  /** What the role's config says; undefined: it has none. */
  definitionOf(role: RoleName): RoleDefinition | undefined {
    const config = this.#arbiter.roleConfigOf(role);
    if (config === undefined) return undefined;
    const definition = this.#definitions.get(config) ?? this.#decode(config);
    this.#definitions.set(config, definition);
    return definition;
  }

  /** What `role` may do with `pipeline`, by the config in force now. */
  accessOf(role: RoleName, pipeline: Pipeline): RoleAccess {
    const config = this.#arbiter.roleConfigOf(role);
    const byRole = this.#known.get(pipeline) ?? new Map<RoleName, Known>();
    this.#known.set(pipeline, byRole);
    const known = byRole.get(role);
    if (known !== undefined && known.config === config) return known.access;
    const access = new RoleAccess(role, this.definitionOf(role), pipeline);
    if (this.#arbiter.knows(role)) byRole.set(role, { config, access });
    return access;
  }

  /** Why `role` may not set the pipeline; undefined: it may (ARB-82, AMB-46). */
  refusesPush(role: RoleName): string | undefined {
    return this.definitionOf(role)?.pushPipeline === false
      ? `the role.config of ${roleText(role)} does not let it set the pipeline`
      : undefined;
  }
}

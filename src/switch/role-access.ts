/** What one role may do with one program: annotations of the P4Info and the role's own config, both obeyed. */
import { refusal } from "../base/situation.js";
import { type StatusError } from "../base/status.js";
import { isForRole, type P4Object, type Pipeline } from "../pipeline/pipeline.js";
import type { RoleDefinition, RoleScope } from "../session/role-definition.js";

/** Entities of no object of the P4Info. */
export type Engine = "multicast groups" | "clone sessions";

export class RoleAccess {
  /** "" is the default role, which may do everything. */
  readonly role: string;
  readonly definition: RoleDefinition | undefined;
  readonly #pipeline: Pipeline;
  readonly #writable: ReadonlySet<number> | undefined;
  readonly #readable: ReadonlySet<number> | undefined;

  constructor(role: string, definition: RoleDefinition | undefined, pipeline: Pipeline) {
    this.role = role;
    this.definition = definition;
    this.#pipeline = pipeline;
    this.#writable = definition?.writable && objectsIn(pipeline, definition.writable);
    this.#readable = definition?.readable && objectsIn(pipeline, definition.readable);
  }

  /** @param id of a table, action profile, counter or meter @throws StatusError PERMISSION_DENIED (ARB-73, ARB-80) */
  checkWrite(id: number): void {
    if (this.role === "") return;
    const object = this.#pipeline.objects.get(id);
    if (object === undefined) return;
    if (!isForRole(object, this.role)) {
      const named = [...object.roles].map((one) => `'${one}'`).join(", ");
      throw this.#denied(`${nameOf(object)} is for role ${named} and the default role, not for '${this.role}'`);
    }
    if (this.#writable?.has(id) === false)
      throw this.#denied(`${nameOf(object)} is not among what the role.config of role '${this.role}' lets it write`);
  }

  /** @throws StatusError PERMISSION_DENIED (ARB-73) */
  checkEngine(engine: Engine): void {
    const writable = this.definition?.writable;
    if (writable !== undefined && !includes(writable, engine))
      throw this.#denied(`the role.config of role '${this.role}' does not let it write ${engine}`);
  }

  /** Whether a Read in the role shows entities of the object `id` (RED-04). */
  reads(id: number): boolean {
    if (this.role === "") return true;
    const object = this.#pipeline.objects.get(id);
    if (object !== undefined && !isForRole(object, this.role)) return false;
    return this.#writable === undefined || this.#writable.has(id) || this.#readable?.has(id) === true;
  }

  readsEngine(engine: Engine): boolean {
    const { writable, readable } = this.definition ?? {};
    if (writable === undefined) return true;
    return includes(writable, engine) || (readable !== undefined && includes(readable, engine));
  }

  #denied(message: string): StatusError {
    return refusal("role-denied", message, { role: this.role });
  }
}

const includes = ({ multicastGroups, cloneSessions }: RoleScope, engine: Engine) =>
  engine === "multicast groups" ? multicastGroups : cloneSessions;

const nameOf = ({ kind, name, alias }: P4Object) => `${kind} '${alias === "" ? name : alias}'`;

/** The ids of all that `scope` names, direct resources of its tables included. */
function objectsIn(pipeline: Pipeline, { objects }: RoleScope): ReadonlySet<number> {
  const named = new Set(objects);
  const ids = new Set<number>();
  for (const [id, { name, alias }] of pipeline.objects)
    if (named.has(name) || (alias !== "" && named.has(alias)) || named.has(id.toString())) ids.add(id);
  for (const { id, counter, meter } of pipeline.tables.values()) {
    if (!ids.has(id)) continue;
    for (const resource of [counter, meter]) if (resource !== undefined) ids.add(resource.id);
  }
  return ids;
}

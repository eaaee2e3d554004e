/** A device's arbitration for tests: controllers are small numbers, outcomes are short lines. */

import { codeName } from "../../../src/base/status.js";
import { Arbiter, type ArbiterOptions } from "../../../src/session/arbiter.js";
import { controllerId, type Effect } from "../../../src/session/arbitration-message.js";
import { electionId, electionIdText, type ElectionId } from "../../../src/session/election-id.js";
import { roleName, type RoleConfig, type RoleName } from "../../../src/session/role.js";

/** An update in short; what is left out is device 1, the default role, no config. An `id` left out is unset. */
export interface ShortUpdate {
  readonly device?: bigint;
  readonly role?: string;
  readonly config?: string;
  readonly id?: number | undefined;
}

/** The type of every config that tests give; a scene with `configs: "accepted"` takes it unless its value is `bad`. */
export const configType = "type.example/Role";

export interface SceneOptions extends Omit<ArbiterOptions, "deviceId" | "refuseRoleConfig"> {
  readonly configs?: "accepted";
}

export class Scene {
  readonly arbiter: Arbiter;

  constructor({ configs, ...options }: SceneOptions = {}) {
    const refuseRoleConfig = (_role: RoleName, { typeUrl, value }: RoleConfig) =>
      typeUrl === configType && Buffer.from(value).toString() !== "bad" ? undefined : "bad";
    this.arbiter = new Arbiter({ deviceId: 1n, ...options, ...(configs && { refuseRoleConfig }) });
  }

  update(controller: number, { device = 1n, role, config, id }: ShortUpdate): string[] {
    const roleConfig = config === undefined ? undefined : { typeUrl: configType, value: Buffer.from(config) };
    const update = { deviceId: device, role: roleName(role), roleConfig, electionId: shortId(id) };
    return this.arbiter.update(controllerId(controller), update).map(line);
  }

  closed(controller: number): string[] {
    return this.arbiter.closed(controllerId(controller)).map(line);
  }

  /** OK, or the code of the refusal. */
  write(role: string, id: number | undefined): string {
    return codeName(this.arbiter.mayWrite(roleName(role), shortId(id))?.code ?? 0);
  }

  beginWrite(role = ""): void {
    this.arbiter.beginWrite(roleName(role));
  }

  endWrite(role = ""): string[] {
    return this.arbiter.endWrite(roleName(role)).map(line);
  }

  primary(role = ""): number | undefined {
    return this.arbiter.primaryOf(roleName(role));
  }

  /** E of `role`, as text. */
  highest(role = ""): string {
    return electionIdText(this.arbiter.describe().find((one) => one.role === roleName(role))?.highestElectionId);
  }
}

export function shortId(id: number | undefined): ElectionId | undefined {
  return id === undefined ? undefined : electionId(0n, BigInt(id));
}

/** `controller code E` and the role's config if there is one, or `controller END code`. */
export function line(effect: Effect): string {
  if (effect.kind === "end") return `${effect.controller} END ${codeName(effect.status.code)}`;
  const { code, electionId: id, roleConfig } = effect.message;
  const config = roleConfig === undefined ? "" : ` ${Buffer.from(roleConfig.value).toString()}`;
  return `${effect.controller} ${codeName(code)} ${electionIdText(id)}${config}`;
}

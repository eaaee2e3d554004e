/**
 * Arbitration of one device written down line by line after the rules, with plain arrays and no thought of speed. It
 * answers with the same lines as `scene.ts` and shares no code with what it checks.
 */

interface Member {
  readonly controller: number;
  id: number | undefined;
  config: string | undefined;
}

interface Update {
  readonly device: bigint;
  readonly role: string;
  readonly id: number | undefined;
  readonly config: string | undefined;
}

interface Role {
  readonly name: string;
  live: Member[];
  highest: number | undefined;
  config: string | undefined;
  primary: number | undefined;
  /** A hand-over is under way: everything waits for the Writes. */
  blocked: boolean;
  /** Who is told when the hand-over is done. */
  next: number | undefined;
  writes: number;
  queue: { controller: number; update: Update }[];
}

export interface NaiveLimits {
  readonly promotion: "spec" | "next-highest";
  readonly controllers: number;
  readonly waiting: number;
}

export class NaiveArbitration {
  readonly roles: Role[] = [];
  #homes: { controller: number; role: Role }[] = [];
  #out: string[] = [];
  readonly #limits: NaiveLimits;

  constructor(limits: NaiveLimits) {
    this.#limits = limits;
  }

  role(name: string): Role | undefined {
    return this.roles.find((role) => role.name === name);
  }

  update(controller: number, update: Update): string[] {
    this.#out = [];
    const home = this.#homes.find((one) => one.controller === controller);
    if (home !== undefined) this.#arrive(home.role, controller, update);
    else if (update.device !== 1n) this.#out.push(`${controller} END NOT_FOUND`);
    else {
      const found = this.role(update.role);
      const role = found ?? {
        name: update.role,
        live: [],
        highest: undefined,
        config: undefined,
        primary: undefined,
        blocked: false,
        next: undefined,
        writes: 0,
        queue: [],
      };
      this.#homes.push({ controller, role });
      this.#arrive(role, controller, update);
      if (found === undefined && role.live.length > 0) this.roles.push(role);
    }
    return this.#out;
  }

  closed(controller: number): string[] {
    this.#out = [];
    this.#leave(controller);
    return this.#out;
  }

  beginWrite(name: string): void {
    const role = this.role(name);
    if (role !== undefined) role.writes += 1;
  }

  endWrite(name: string): string[] {
    this.#out = [];
    const role = this.role(name);
    if (role === undefined) return [];
    role.writes -= 1;
    if (role.writes > 0 || !role.blocked) return this.#out;
    role.blocked = false;
    if (role.next !== undefined) {
      role.primary = role.next;
      this.#tell(role, role.next);
    } else this.#vacated(role);
    role.next = undefined;
    while (role.queue.length > 0) {
      const [first] = role.queue.splice(0, 1);
      if (first !== undefined) this.#serve(role, first.controller, first.update);
    }
    return this.#out;
  }

  write(name: string, id: number | undefined): string {
    const role = this.role(name);
    if (role === undefined) return name === "" ? "PERMISSION_DENIED" : "NOT_FOUND";
    const primary = role.live.find((member) => member.controller === role.primary);
    if (primary === undefined || id === undefined) return "PERMISSION_DENIED";
    return primary.id === id ? "OK" : "PERMISSION_DENIED";
  }

  #arrive(role: Role, controller: number, update: Update): void {
    if (!role.blocked) this.#serve(role, controller, update);
    else if (role.queue.filter((one) => one.controller === controller).length === this.#limits.waiting)
      this.#refuse(controller, "RESOURCE_EXHAUSTED");
    else role.queue.push({ controller, update });
  }

  #serve(role: Role, controller: number, { device, role: name, id, config }: Update): void {
    const member = role.live.find((one) => one.controller === controller);
    const taken = id !== undefined && role.live.some((one) => one.controller !== controller && one.id === id);
    const faults: string[] = [];
    if (member === undefined) {
      if (taken) faults.push("INVALID_ARGUMENT");
      if (config === "bad") faults.push("INVALID_ARGUMENT");
      if (role.live.length >= this.#limits.controllers) faults.push("RESOURCE_EXHAUSTED");
    } else {
      if (device !== 1n) faults.push("FAILED_PRECONDITION");
      if (name !== role.name) faults.push("FAILED_PRECONDITION");
      if (config === "bad") faults.push("INVALID_ARGUMENT");
      if (taken) faults.push("INVALID_ARGUMENT");
    }
    const [fault] = faults;
    if (fault !== undefined) {
      this.#refuse(controller, fault);
      return;
    }
    const wasPrimary = role.primary === controller;
    const enough =
      id !== undefined &&
      (role.highest === undefined || id >= role.highest || (wasPrimary && member?.id !== undefined && id >= member.id));
    if (member === undefined) role.live.push({ controller, id, config });
    else {
      member.id = id;
      member.config = config;
    }
    if (enough) {
      role.highest = Math.max(role.highest ?? 0, id);
      this.#seat(role, controller);
    } else if (wasPrimary) {
      role.primary = undefined;
      this.#vacated(role);
    } else this.#tell(role, controller);
  }

  /** `controller` becomes primary, at once or after the Writes. */
  #seat(role: Role, controller: number): void {
    role.config = role.live.find((one) => one.controller === controller)?.config;
    const others = role.live.filter((one) => one.controller !== controller);
    if (role.writes === 0) role.primary = controller;
    else {
      role.primary = undefined;
      role.blocked = true;
      role.next = controller;
    }
    for (const other of others) this.#tell(role, other.controller);
    if (role.writes === 0) this.#tell(role, controller);
  }

  /** There is no primary any more. */
  #vacated(role: Role): void {
    const able = role.live.filter((one) => one.id !== undefined).sort((a, b) => (b.id ?? 0) - (a.id ?? 0));
    const [best] = able;
    if (this.#limits.promotion === "next-highest" && best !== undefined) this.#seat(role, best.controller);
    else for (const member of role.live) this.#tell(role, member.controller);
  }

  #refuse(controller: number, code: string): void {
    this.#out.push(`${controller} END ${code}`);
    this.#leave(controller);
  }

  #leave(controller: number): void {
    const home = this.#homes.find((one) => one.controller === controller);
    if (home === undefined) return;
    this.#homes = this.#homes.filter((one) => one !== home);
    const { role } = home;
    role.queue = role.queue.filter((one) => one.controller !== controller);
    role.live = role.live.filter((one) => one.controller !== controller);
    if (role.next === controller) role.next = undefined;
    if (role.primary !== controller) return;
    role.primary = undefined;
    this.#vacated(role);
  }

  #tell(role: Role, controller: number): void {
    const none = role.blocked ? "ALREADY_EXISTS" : "NOT_FOUND";
    const some = role.primary === controller ? "OK" : "ALREADY_EXISTS";
    const config = role.config === undefined ? "" : ` ${role.config}`;
    this.#out.push(`${controller} ${role.primary === undefined ? none : some} ${role.highest ?? "unset"}${config}`);
  }
}

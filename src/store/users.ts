/** Who names a number: the reverse of a reference. */

export class Users<User> {
  readonly #byId = new Map<number, Set<User>>();

  /** In no promised order; borrowed until the next change. */
  of(id: number): ReadonlySet<User> {
    return this.#byId.get(id) ?? nobody;
  }

  add(id: number, user: User): void {
    const users = this.#byId.get(id);
    if (users === undefined) this.#byId.set(id, new Set([user]));
    else users.add(user);
  }

  delete(id: number, user: User): void {
    const users = this.#byId.get(id);
    if (users === undefined) return;
    users.delete(user);
    if (users.size === 0) this.#byId.delete(id);
  }
}

const nobody: ReadonlySet<never> = new Set();

/** What must end the daemon, whoever notices it. */
export class Failure {
  #reject: (error: unknown) => void = () => {};
  /** Rejects with what was reported first. */
  readonly reported = new Promise<never>((_, reject) => (this.#reject = reject));
  readonly report = (error: unknown): void => this.#reject(error);

  constructor() {
    this.reported.catch(() => undefined); // raced against the stop signal, or reported too late to matter
  }
}

/** What p4rtctl ends with. @see sysexits(3) */
export const exit = { fine: 0, difference: 1, usage: 64, unreachable: 69, failed: 70 } as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** What an operator is told instead of an answer: what is wrong and what to do about it. */
export class CtlError extends Error {
  override readonly name = "CtlError";

  constructor(
    message: string,
    readonly code: ExitCode,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
